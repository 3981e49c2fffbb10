/** What is known of a recording rule, and the unit tests that follow from it. */
import { gone, type Labels, missing, relabelled, type Series } from './series.ts'
import { type Check, type Kind, type UnitTest, unitTest } from './unit-test.ts'

/** A recording rule, told without looking at it. Times in seconds. */
export interface RecordingCase {
  readonly record: string
  readonly series: readonly Series[]
  /** When `value` is measured; a multiple of a minute. */
  readonly at: number
  readonly value: number
  readonly labels: Labels
  /** Where a range is looked at: how long. */
  readonly range?: number
  /** What it is otherwise: undefined where there is nothing to be said. */
  readonly below: { readonly series: readonly Series[]; readonly value: number | undefined }
  /** Counters that begin at 0 again: its value is never above `most`, or below 0. */
  readonly reset?: { readonly series: readonly Series[]; readonly most: number }
  readonly also?: readonly {
    readonly title: string
    readonly series: readonly Series[]
    /** Where only that there is one is of interest: `some`. */
    readonly value: number | 'some' | undefined
  }[]
}

/** Seconds between two scrapes, and the most that the rules are made for. */
const [often, seldom] = [5, 30]

/** All tests of a recording rule, for rules that are evaluated every so many seconds. */
export function testsOfRecording(known: RecordingCase, every: number): UnitTest[] {
  const { record: rule, series, at, value, labels, range = 0, below, reset, also = [] } = known
  const test = (kind: Kind, given: readonly Series[], checks: readonly Check[], title?: string): UnitTest =>
    unitTest(rule, kind, often, given, checks, title)
  // Rates are sums of fractions: what is beyond the sixth place says nothing.
  const is = (expected: number | undefined, when = at): Check => ({
    at: when,
    expr: `round(${rule}, 1e-6)`,
    samples: expected === undefined ? [] : [{ labels, value: expected }],
  })
  const present: Check = { at, expr: `count(${rule})`, samples: [count] }
  const went = at + every
  const life = gone(series, went)
  return [
    test('fires', life, [is(value)]),
    test('just below', below.series, [is(below.value)]),
    test('stale', life, [
      { at: went + range - (range > 0 ? 2 * every : every), expr: `count(${rule})`, samples: [count] },
      { at: went + range, expr: rule, samples: [] },
    ]),
    { ...test('missed scrape', missing(series, at - 2 * seldom), [is(value)]), every: seldom },
    test('apart', apart(known), [
      {
        at,
        expr: `round(${rule}, 1e-6)`,
        samples: [
          { labels: { ...labels, cluster: 'east' }, value },
          { labels: { ...labels, cluster: 'west', instance: 'host-b:3001' }, value },
          ...(below.value === undefined
            ? []
            : neighbours(labels).map((other) => ({
                labels: { ...labels, ...other },
                value: below.value ?? 0,
              }))),
        ],
      },
    ]),
    ...(reset === undefined
      ? []
      : [
          test('reset', reset.series, [
            {
              at: at + 120,
              expr: `${rule} < 0 or max_over_time(${rule}[1h]) > ${reset.most} + 1e-6`,
              samples: [],
            },
            { at: at + 120, expr: `count(${rule})`, samples: [count] },
          ]),
        ]),
    ...also.map((other) =>
      test('also', other.series, [other.value === 'some' ? present : is(other.value)], other.title),
    ),
  ]
}

const count = { labels: {}, value: 1 }

/** The same name on two hosts and in two jobs, another name, and labels of targets that come through. */
const apart = ({ series, below, labels }: RecordingCase): Series[] => [
  ...relabelled(series, { cluster: 'east' }),
  ...relabelled(series, { cluster: 'west', instance: 'host-b:3001' }),
  ...neighbours(labels).flatMap((other) => relabelled(below.series, other)),
]

const neighbours = (labels: Labels): Labels[] => [
  { cluster: 'east', job: 'pidwarden-2' },
  ...('name' in labels ? [{ cluster: 'east', name: 'beside' }] : []),
]
