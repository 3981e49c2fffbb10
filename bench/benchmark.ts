import type { BarId } from './bars.ts'
import type { Farm, Shape } from './farm/farm.ts'
import type { Measurement } from './measurement.ts'
import type { Ground } from './options.ts'

/** What a benchmark runs on. */
export interface Stage {
  /** Fewer rounds: to see whether it works, not for figures to publish. */
  readonly quick: boolean
  /** Where farms stand: on cgroups nobody asked for a Docker engine. */
  readonly ground: Ground
  /** The farm of this shape; one stands at a time, so the one before is taken down. */
  farm(shape: Shape): Promise<Farm>
  log(line: string): void
}

/** One thing to measure. Each is a file, and a line in index.ts. */
export interface Benchmark {
  readonly name: string
  /** How it is measured, for the report. */
  readonly how: string
  /** The bars that it judges. */
  readonly bars: readonly BarId[]
  run(stage: Stage): AsyncIterable<Measurement>
}

/** A benchmark throws this when the machine lacks something; its bars are then told as not measured. */
export class NotMeasured extends Error {
  override readonly name = 'NotMeasured'
}
