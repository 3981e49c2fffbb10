import type { Clock } from '../host/clock.ts'

/** Over less than this the ticks of the kernel say more than the container, milliseconds. */
const shortest = 1000

/** What is older says nothing of now, milliseconds. */
const oldest = 60_000

interface Sample {
  /** Monotonic, milliseconds. */
  readonly at: number
  readonly seconds: number
}

/** Tells how much of the CPU a container uses, from what the kernel has accounted to it at two looks. */
export class CpuUse {
  readonly #clock: Clock
  /** Per life the looks of the last second, oldest first, and the one before them. */
  readonly #samples = new Map<string, Sample[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Cores in use since the youngest look that was a second ago or longer. `seconds` is all CPU time so far. Undefined
   * when there was none of late, or nothing is accounted.
   */
  cores(life: string, seconds: number | undefined): number | undefined {
    if (seconds === undefined) return undefined
    const now = { at: this.#clock.monotonic(), seconds }
    const samples = this.#samples.get(life) ?? []
    const base = samples.findLastIndex(({ at }) => now.at - at >= shortest)
    const before = samples[base]
    this.#samples.set(life, [...samples.slice(Math.max(0, base)), now])
    if (before === undefined || now.at - before.at > oldest) return undefined
    return Math.max(0, (now.seconds - before.seconds) / ((now.at - before.at) / 1000))
  }

  /** Forgets all but these lives. */
  keepOnly(lives: ReadonlySet<string>): void {
    for (const life of this.#samples.keys()) if (!lives.has(life)) this.#samples.delete(life)
  }
}
