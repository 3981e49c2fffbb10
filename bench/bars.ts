import type { Measurement } from './measurement.ts'

/** A number that the design promises to hold. */
export interface Bar {
  readonly id: string
  readonly what: string
  /** The promise, for people. */
  readonly promise: string
}

/** All of them, in the order of the report. */
export const bars = [
  { id: 'floor', what: 'census of the wide farm, against a C program on the same files', promise: '≤ 1.5 ×' },
  { id: 'process-exporter', what: 'the same, against prometheus-process-exporter 0.8', promise: '≤ 0.1 ×' },
  { id: 'netdata', what: 'the same, against apps.plugin of netdata', promise: '≤ 0.5 ×' },
  {
    id: 'stall',
    what: 'longest stall of the event loop, either farm, rendering included',
    promise: '≤ 25 ms',
  },
  {
    id: 'reaction',
    what: 'webhook accepted → first signal delivered, wide farm, scrapes running, p99',
    promise: '≤ 50 ms',
  },
  {
    id: 'memory',
    what: 'whole service in 128 MiB and 0.1 CPU, deep farm, 1,000 scrapes',
    promise: 'no OOM kill, flat, scrapes answered',
  },
  { id: 'average', what: 'average CPU at a scrape every 5 s, wide farm', promise: '≤ 3 % of a core' },
  {
    id: 'growth',
    what: 'growth of the scrape from 100 to 10,000 processes',
    promise: 'linear: exponent ≤ 1.1',
  },
  {
    id: 'healing',
    what: 'leak crosses a tier → cleared, real Prometheus and Alertmanager',
    promise: '≤ 20 s',
  },
] as const satisfies readonly Bar[]

/** The name of a bar. */
export type BarId = (typeof bars)[number]['id']

/** What became of a bar in this run. */
export type Verdict =
  | { readonly kind: 'held' | 'missed'; readonly figures: readonly string[] }
  | { readonly kind: 'not measured here'; readonly why: string }

/** Why a bar has no measurement, by bar. */
export type Reasons = ReadonlyMap<BarId, string>

/** A bar is held when all of its measurements are, and missed when one is; what was not measured holds nothing. */
export function verdictOf(bar: BarId, measurements: readonly Measurement[], reasons: Reasons): Verdict {
  const mine = measurements.filter((one) => one.bar === bar)
  const missed = mine.filter(({ held }) => held === false)
  if (missed.length > 0) return { kind: 'missed', figures: missed.map(figureOf) }
  const why = reasons.get(bar)
  if (why !== undefined) return { kind: 'not measured here', why }
  if (mine.length === 0) return { kind: 'not measured here', why: 'there is no benchmark for it yet' }
  return { kind: 'held', figures: mine.map(figureOf) }
}

/** The number that a bar judges: the ratio where there is one. */
export function figureOf({ name, value, unit, ratio, ratioTo }: Measurement): string {
  return ratio === undefined
    ? `${name}: ${rounded(value)} ${unit}`.trimEnd()
    : `${name}: ${rounded(ratio)} × ${ratioTo ?? 'the other'}`
}

/** Three significant digits, and no fewer than all of the whole ones. */
export function rounded(value: number): string {
  const digits = value === 0 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))))
  return Number(value.toFixed(digits)).toLocaleString('en-US', { maximumFractionDigits: 6 })
}
