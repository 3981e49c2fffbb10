import type { CgroupReading } from '../host/cgroup.ts'
import type { Process } from './process.ts'

/** How many looks in a row may rely on what an earlier one has read. */
const longest = 12

interface Last {
  readonly cpu: number
  readonly memory: number | undefined
  readonly pids: readonly number[]
  readonly processes: readonly Process[]
  looksLeft: number
}

/** What is said of a container before its processes are read. */
export type Before = Pick<CgroupReading, 'cpuTotal' | 'memoryUsage'>

/**
 * Tells in which containers nothing has run since the last look, by the CPU time that the kernel accounts to them: a
 * process that did not run has not started, ended or lost anything, and what leaks sits idle. CPU time is read before
 * the processes are, so that whatever runs while they are read makes the next look read them again. The kernel
 * accounts at least once a tick; what is younger is seen by the next look.
 *
 * Reclaim can take memory from a process that does not run. It changes the memory of the container as well, and every
 * so often all is read again in any case.
 */
export class Stillness {
  readonly #last = new Map<string, Last>()
  #kept = 0

  /** The processes of the last look, or undefined when they have to be read. */
  recall(
    life: string,
    { cpuTotal, memoryUsage }: Before,
    pids: readonly number[],
  ): readonly Process[] | undefined {
    const last = this.#last.get(life)
    if (last === undefined || last.looksLeft === 0) return undefined
    if (last.cpu !== cpuTotal || last.memory !== memoryUsage || !isSame(last.pids, pids)) return undefined
    last.looksLeft--
    return last.processes
  }

  /** What was read, and what was said before it was. */
  keep(
    life: string,
    { cpuTotal, memoryUsage: memory }: Before,
    pids: readonly number[],
    processes: readonly Process[],
  ): void {
    // Where nothing is accounted, or all that was accounted is nothing, it tells nothing.
    if (!cpuTotal) this.#last.delete(life)
    // At first each gets another number of looks, so that not all are read again at once.
    else {
      const looksLeft = this.#last.has(life) ? longest : this.#kept++ % longest
      this.#last.set(life, { cpu: cpuTotal, memory, pids, processes, looksLeft })
    }
  }

  /** Forgets all but these lives. */
  keepOnly(lives: ReadonlySet<string>): void {
    for (const life of this.#last.keys()) if (!lives.has(life)) this.#last.delete(life)
  }
}

function isSame(before: readonly number[], now: readonly number[]): boolean {
  return before.length === now.length && before.every((pid, at) => pid === now[at])
}
