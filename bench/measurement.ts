import type { BarId } from './bars.ts'

/** One number that was measured, as it is printed. */
export interface Measurement {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** Value over the value of `ratioTo`, both measured in this run. */
  readonly ratio?: number
  readonly ratioTo?: string
  readonly bar?: BarId
  readonly held?: boolean
}

/** Something that is to be compared with. */
export interface Other {
  readonly name: string
  readonly value: number
}

/** A number that no bar judges. */
export function told(name: string, value: number, unit: string, other?: Other): Measurement {
  return other === undefined
    ? { name, value, unit }
    : { name, value, unit, ratio: value / other.value, ratioTo: other.name }
}

/** A number that a bar judges: the ratio where there is one, else the value, must not be above `atMost`. */
export function judged(bar: BarId, atMost: number, measurement: Measurement): Measurement {
  const figure = measurement.ratio ?? measurement.value
  return { ...measurement, bar, held: figure <= atMost }
}
