import { end, start } from '../children.ts'
import type { Farm } from '../farm/farm.ts'
import { shippedFlags } from '../node.ts'
import { shipped } from '../places.ts'
import type { Answer, Order } from './worker.ts'

/** A process of its own that does nothing but look at a farm. */
export interface CensusWorker {
  /** CPU milliseconds of each of `count` scrapes. */
  rounds(count: number): Promise<readonly number[]>
  /** What one scrape reads, for floor.c. */
  record(): Promise<readonly string[]>
  close(): Promise<void>
}

/**
 * Rounds until the compiler has done its work and all that is remembered is known. A small farm needs more of them: a
 * small one measured cold would make the large ones look better than they are.
 */
function warmUp(processes: number): number {
  return Math.min(1000, Math.max(30, Math.ceil(200_000 / processes)))
}

/** Starts one; it has seen the farm many times when this returns. Throws when it does not see all of it. */
export async function watch({ containers, shape }: Farm, recording = false): Promise<CensusWorker> {
  const child = start(
    [
      process.execPath,
      ...shippedFlags(),
      shipped('bench/census/worker.ts'),
      ...(recording ? ['--record'] : []),
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  const ask = (order: Order): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const gone = (code: number | null): void => reject(new Error(`the census worker ended with ${code}`))
      child.once('exit', gone)
      child.once('message', (answer: Answer) => {
        child.off('exit', gone)
        resolve(answer)
      })
      child.send(order)
    })
  try {
    await ask({ kind: 'containers', containers })
    const expected = shape.containers * shape.processes
    const { processes } = await ask({ kind: 'rounds', count: recording ? 2 : warmUp(expected) })
    if (processes !== expected) throw new Error(`the census saw ${processes} of ${expected} processes`)
  } catch (error) {
    await end(child, 0)
    throw error
  }
  return {
    rounds: async (count) => (await ask({ kind: 'rounds', count })).cpu,
    record: async () => (await ask({ kind: 'record' })).accesses,
    close: () => end(child),
  }
}
