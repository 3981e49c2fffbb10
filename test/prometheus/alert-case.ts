/** What is known of an alert, and the unit tests that follow from it. */
import { atOnce, count, missed, never, one, over, resolved, throughout, waiting } from './alert-checks.ts'
import { amid, loud, quiet, sides, struck } from './neighbours.ts'
import { gone, interrupted, type Labels, missing, type Series } from './series.ts'
import { type Check, type Kind, type UnitTest, unitTest } from './unit-test.ts'

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
