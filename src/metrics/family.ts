import { Counter, Gauge, type Registry } from 'prom-client'
import type { Observation } from '../census/observe.ts'

/**
 * A family group: declares its metrics on a registry once, and returns what fills them from one census. Everything
 * is reset before it is filled, so that a series is gone with its container in the very next scrape.
 */
export type CensusFamily = (registry: Registry) => (observations: readonly Observation[]) => void

/** Metrics without labels: prom-client starts each at 0, and what could not be read must be absent instead. */
const unlabelled = new WeakSet<object>()

/** A gauge of `registry`. */
export function gauge<T extends string>(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly T[],
): Gauge<T> {
  const made = new Gauge<T>({ name: `pidwarden_${name}`, help, labelNames: labels, registers: [registry] })
  if (labels.length === 0) unlabelled.add(made)
  return made
}

/** A counter whose value is kept elsewhere (by the kernel or the journal) and set anew at each scrape. */
export function counter<T extends string>(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly T[],
): Counter<T> {
  const made = new Counter<T>({ name: `pidwarden_${name}`, help, labelNames: labels, registers: [registry] })
  if (labels.length === 0) unlabelled.add(made)
  return made
}

/** Empties metrics before they are filled. */
export function reset(metrics: readonly (Gauge | Counter)[]): void {
  for (const metric of metrics) {
    metric.reset()
    if (unlabelled.has(metric)) metric.remove()
  }
}
