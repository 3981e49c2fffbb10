import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { until } from '../../test/support/until.ts'
import { cached } from '../places.ts'
import { count } from './count.ts'

/** Beside the program of the farm, where farm.c looks for it. */
const file = cached('ended')

/** From now on every process of the farm that gets SIGTERM notes when. */
export function noteEnds(): void {
  writeFileSync(file, '')
}

/** Waits until one of them has got it. */
export async function someEnd(): Promise<void> {
  await until('a process of the farm is signalled', () => statSync(file).size > 0)
}

/** When the first of them got it, nanoseconds of the monotonic clock, like `process.hrtime.bigint()`. */
export function firstEnd(): bigint {
  const notes = readFileSync(file)
  let first = notes.readBigInt64LE(0)
  for (let at = 8; at < notes.length; at += 8) {
    // Leaves first, but who is signalled first need not be the first to run.
    const other = notes.readBigInt64LE(at)
    if (other < first) first = other
  }
  return first
}

/** Nothing is noted any more. */
export function forgetEnds(): void {
  rmSync(file, { force: true })
}

/** A container whose duplicates were ended has all of its processes again when this returns. */
export async function leakAgain(container: KnownContainer, processes: number): Promise<void> {
  process.kill(container.pid, 'SIGUSR1')
  await until(`${container.name} has leaked again`, () => count(container) === processes)
}
