/** What must be seen of an alert over time. */
import type { AlertCase } from './alert-case.ts'
import type { Check, Expected } from './unit-test.ts'

/** One of whatever is counted. */
export const one: readonly Expected[] = [{ labels: {}, value: 1 }]
/** The alerts of a state, as Prometheus itself keeps them. */
export const query = ({ alert }: AlertCase, state: string): string =>
  `ALERTS{alertname="${alert}", alertstate="${state}"}`
/** How many fire. */
export const count = (known: AlertCase): string => `count(${query(known, 'firing')})`

/** Those that fire, with all their labels. */
export const firing = (known: AlertCase): string =>
  `max without (alertname, alertstate) (${query(known, 'firing')})`

/** The condition holds, and it waits until the last evaluation before its time. */
export function waiting(known: AlertCase, every: number): Check[] {
  const { alert, since, waits } = known
  const pending = `count(${query(known, 'pending')})`
  return [
    ...(since === 0 ? [] : [{ at: since - every, expr: `count(ALERTS{alertname="${alert}"})`, samples: [] }]),
    { at: since, expr: pending, samples: one },
    { at: since + waits - every, expr: pending, samples: one },
    { at: since + waits - every, expr: count(known), samples: [] },
    { at: since + waits, expr: count(known), samples: one },
  ]
}

/** It does not wait. */
export const atOnce = (known: AlertCase, every: number): Check[] => [
  ...(known.since === 0 ? [] : [{ at: known.since - every, expr: count(known), samples: [] }]),
  { at: known.since, expr: count(known), samples: one },
]

/** Its series are gone: it is resolved, at once or when it was said to be. */
export function resolved(known: AlertCase, every: number, went: number): Check[] {
  const { since, remembers } = known
  return over(known, Math.max(went, since + (remembers ?? 0)), every, remembers === undefined ? 1 : 2)
}

/** It fires until `end` and as long as it goes on then; how many evaluations before is certain. */
export function over(known: AlertCase, end: number, every: number, certain = 2): Check[] {
  const { alert, labels, keeps = 0 } = known
  // Only of this target: one that is gone may be an alert of its own.
  const own = `count(ALERTS{alertname="${alert}", alertstate="firing", instance="${labels.instance ?? ''}"})`
  return [
    { at: end + keeps - certain * every, expr: own, samples: one },
    { at: end + keeps, expr: own, samples: [] },
  ]
}

/** A scrape is missed while it waits, and another one while it fires. */
export const missed = ({ since, waits }: AlertCase, every: number): number[] => [
  ...(waits > every ? [since + every] : []),
  since + waits + every,
]

/** It fires in this evaluation and in the six that follow. */
export function throughout(known: AlertCase, every: number): Check[] {
  const { alert, since, waits, labels } = known
  return [
    {
      at: since + waits + 6 * every,
      // Neither end of the range is at an evaluation: whether it belongs to it depends on the release.
      expr: `count_over_time(${query(known, 'firing')}[${6 * every + 2}s])`,
      samples: [{ labels: { alertname: alert, alertstate: 'firing', ...labels }, value: 7 }],
    },
  ]
}

/** It has not fired until a minute after it would have. */
export const never = (known: AlertCase, at = known.since + known.waits): Check => ({
  at: at + 60,
  expr: `count(count_over_time(${query(known, 'firing')}[2h]))`,
  samples: [],
})
