import { Counter, Gauge, type Registry } from 'prom-client'
import type { Observation } from '../census/observe.ts'

/**
 * A family group: declares its metrics on a registry once, and returns what fills them from one census. Everything
 * is reset before it is filled, so that a series is gone with its container in the very next scrape.
 */
export type CensusFamily = (registry: Registry) => (observations: readonly Observation[]) => void

/** A gauge of `registry`. */
export function gauge<T extends string>(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly T[],
): Gauge<T> {
  return new Gauge<T>({ name: `pidwarden_${name}`, help, labelNames: labels, registers: [registry] })
}

/** A counter whose value is kept elsewhere (by the kernel or the journal) and set anew at each scrape. */
export function counter<T extends string>(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly T[],
): Counter<T> {
  return new Counter<T>({ name: `pidwarden_${name}`, help, labelNames: labels, registers: [registry] })
}

/** Empties metrics before they are filled. */
export function reset(metrics: readonly (Gauge | Counter)[]): void {
  for (const metric of metrics) {
    metric.reset()
    // A metric without labels starts again at 0; what could not be read must be absent instead.
    metric.remove()
  }
}
