/** What is known of an alert, and the unit tests that follow from it. */
import { gone, interrupted, type Labels, missing, relabelled, type Series } from './series.ts'
import { type Check, type Expected, type Kind, type UnitTest, unitTest } from './unit-test.ts'

/** An alert, told without looking at its rule. Times in seconds. */
export interface AlertCase {
  readonly alert: string
  /** What makes it fire. */
  readonly series: readonly Series[]
  /** The first evaluation at which its expression holds. */
  readonly since: number
  /** How long it must hold. */
  readonly waits: number
  /** How long it goes on firing when nothing is the matter any more. */
  readonly keeps?: number
  /** Where a range is looked at: how long after `since` the cause is forgotten, although its series are gone. */
  readonly remembers?: number
  /** The same where its series stay. */
  readonly forgets?: number
  /** How long it has fired when its series go. */
  readonly lasts?: number
  /** Labels of the alert that fires, without its name. */
  readonly labels: Labels
  readonly annotations: Readonly<Record<string, string>>
  /** What is just not enough. */
  readonly below?: readonly Series[]
  /** More than enough, where a rate is looked at: with a missed scrape at its edge it is taken for a little less. */
  readonly ample?: readonly Series[]
  /** Counters that begin at 0 again, and nothing else happens. */
  readonly reset?: readonly Series[]
  /** Where a threshold is asked: a container or host that is spared by its own, and one that is struck by its own. */
  readonly override?: { readonly spared: readonly Series[]; readonly struck: readonly Series[] }
  /** The rule names its job: in another one it never fires. */
  readonly ofOneJob?: true
  /** Whatever else makes it fire, or does not. */
  readonly also?: readonly Other[]
}

interface Other {
  readonly title: string
  readonly series: readonly Series[]
  readonly fires: boolean
  /** When it has fired by, or would have, if not when the alert does. It is alone then. */
  readonly at?: number
  /** It cannot stand beside others. */
  readonly alone?: true
}

/** All tests of an alert: rules are evaluated every so many seconds, and series are scraped as often or oftener. */
export function testsOf(known: AlertCase, every: number, scraped = every): UnitTest[] {
  const { alert, series, since, waits, keeps = 0, lasts = 2 * every, ample = series } = known
  const { forgets, below, reset, override, also = [] } = known
  const begins = since + waits
  const test = (kind: Kind, given: readonly Series[], checks: readonly Check[], title?: string): UnitTest =>
    unitTest(alert, kind, scraped, given, checks, title)
  const went = begins + lasts
  const life = gone(series, went)
  return [
    test('fires', life, [
      { at: begins, alert, alerts: [{ labels: known.labels, annotations: known.annotations }] },
    ]),
    test('waits', life, waits > 0 ? waiting(known, every) : atOnce(known, every)),
    ...(series.length === 0
      ? []
      : [
          test('stale', life, resolved(known, every, went)),
          test('missed scrape', missing(ample, ...missed(known, every)), throughout(known, every)),
        ]),
    ...(keeps === 0
      ? []
      : [test('failed scrape', interrupted(ample, begins + every), throughout(known, every))]),
    ...(forgets === undefined ? [] : [test('forgets', series, over(known, since + forgets, every))]),
    ...(below === undefined
      ? []
      : [
          test('just below', amid(known, below, series), quiet(known)),
          test('apart', amid(known, series, below), loud(known)),
        ]),
    ...(reset === undefined ? [] : [test('reset', reset, [never(known)])]),
    ...(override === undefined ? [] : [test('override', sides(known, override), [struck(known)])]),
    ...also.map((other) => test('also', ...otherwise(known, other), other.title)),
  ]
}

function otherwise(known: AlertCase, other: Other): [readonly Series[], readonly Check[]] {
  const { title: _, series, fires, at = known.since + known.waits, alone = other.at !== undefined } = other
  const { below } = known
  if (alone || below === undefined) {
    return [series, [fires ? { at, expr: count(known), samples: one } : never(known, at)]]
  }
  return fires ? [amid(known, series, below), loud(known)] : [amid(known, series, known.series), quiet(known)]
}

const one: readonly Expected[] = [{ labels: {}, value: 1 }]
const query = ({ alert }: AlertCase, state: string): string =>
  `ALERTS{alertname="${alert}", alertstate="${state}"}`
const count = (known: AlertCase): string => `count(${query(known, 'firing')})`

/** Those that fire, with all their labels. */
const firing = (known: AlertCase): string => `max without (alertname, alertstate) (${query(known, 'firing')})`

/** The condition holds, and it waits until the last evaluation before its time. */
function waiting(known: AlertCase, every: number): Check[] {
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

const atOnce = (known: AlertCase, every: number): Check[] => [
  ...(known.since === 0 ? [] : [{ at: known.since - every, expr: count(known), samples: [] }]),
  { at: known.since, expr: count(known), samples: one },
]

/** Its series are gone: it is resolved, at once or when it was said to be. */
function resolved(known: AlertCase, every: number, went: number): Check[] {
  const { since, remembers } = known
  return over(known, Math.max(went, since + (remembers ?? 0)), every, remembers === undefined ? 1 : 2)
}

/** It fires until `end` and as long as it goes on then; how many evaluations before is certain. */
function over(known: AlertCase, end: number, every: number, certain = 2): Check[] {
  const { alert, labels, keeps = 0 } = known
  // Only of this target: one that is gone may be an alert of its own.
  const own = `count(ALERTS{alertname="${alert}", alertstate="firing", instance="${labels.instance ?? ''}"})`
  return [
    { at: end + keeps - certain * every, expr: own, samples: one },
    { at: end + keeps, expr: own, samples: [] },
  ]
}

/** A scrape is missed while it waits, and another one while it fires. */
const missed = ({ since, waits }: AlertCase, every: number): number[] => [
  ...(waits > every ? [since + every] : []),
  since + waits + every,
]

/** It fires in this evaluation and in the six that follow. */
function throughout(known: AlertCase, every: number): Check[] {
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
const never = (known: AlertCase, at = known.since + known.waits): Check => ({
  at: at + 60,
  expr: `count(count_over_time(${query(known, 'firing')}[2h]))`,
  samples: [],
})

/** Labels of a target that has one more, which must come through every join. */
const here = { cluster: 'east' }
const onAnotherHost = { cluster: 'west', instance: 'host-b:3001' }

/** The same on another host, in another job, and under another name. */
const around = ({ labels }: AlertCase): { job: Labels; others: readonly Labels[] } => ({
  job: { ...here, job: `${labels.job}-2` },
  others: [onAnotherHost, ...('name' in labels ? [{ ...here, name: 'beside' }] : [])],
})

/** Series in the midst of others: whatever is joined, they are judged by themselves alone. */
function amid(known: AlertCase, own: readonly Series[], others: readonly Series[]): Series[] {
  const neighbours = around(known)
  return [
    ...relabelled(own, here),
    ...[neighbours.job, ...neighbours.others].flatMap((labels) => relabelled(others, labels)),
  ]
}

const sample = (known: AlertCase, labels: Labels): Expected => ({
  labels: { ...known.labels, ...labels },
  value: 1,
})

/** It fires, and nothing around it does. */
const loud = (known: AlertCase): Check[] => [
  { at: known.since + known.waits, expr: firing(known), samples: [sample(known, here)] },
]

/** All around it fires, and it never does. */
function quiet(known: AlertCase): Check[] {
  const { alert, since, waits, labels, ofOneJob } = known
  const { job, others } = around(known)
  const name = 'name' in labels ? `, name="${labels.name}"` : ''
  const own = `alertname="${alert}", alertstate="firing", job="${labels.job}", instance="${labels.instance}"${name}`
  return [
    {
      at: since + waits,
      expr: firing(known),
      samples: [...(ofOneJob ? [] : [job]), ...others].map((one) => sample(known, one)),
    },
    { at: since + waits + 60, expr: `count(count_over_time(ALERTS{${own}}[2h]))`, samples: [] },
  ]
}

const whose = ({ labels }: AlertCase): string => ('name' in labels ? 'name' : 'instance')

const sides = (known: AlertCase, override: NonNullable<AlertCase['override']>): Series[] => [
  ...relabelled(override.spared, { [whose(known)]: 'spared' }),
  ...relabelled(override.struck, { [whose(known)]: 'struck' }),
]

const struck = (known: AlertCase): Check => ({
  at: known.since + known.waits,
  expr: firing(known),
  samples: [{ labels: { ...known.labels, [whose(known)]: 'struck' }, value: 1 }],
})
