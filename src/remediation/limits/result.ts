import { type Adjustable, adjustable } from '../../census/limits.ts'
import type { Ending } from '../../journal/outcomes.ts'
import type { Applied } from './apply.ts'
import type { Judged } from './judged.ts'
import { amountOf, limitNames } from './words.ts'

const text = (limit: Adjustable, value: number | undefined): string =>
  `${limitNames[limit]} ${amountOf(limit, value)}`

/** How changing limits ended. The kernel has the last word, not Docker; what was refused is told with its figures. */
export function endingOf(judged: readonly Judged[], applied: Applied): Ending {
  const { failed, amiss, repaired, killed } = applied
  const set = wasSet(judged, applied)
  const of = (verdict: Judged['verdict']): readonly Judged[] =>
    judged.filter((one) => one.verdict === verdict)
  const refused = of('refused')
  const detail = [
    ...(set.length > 0 ? [`set: ${set.map(({ limit, to }) => text(limit, to)).join(', ')}`] : []),
    ...amiss.map(({ limit, expected, found }) => {
      const what = set.some((one) => one.limit === limit) ? 'was set to' : 'was'
      return `${limitNames[limit]} ${what} ${amountOf(limit, expected)}, and the kernel holds ${amountOf(limit, found)}`
    }),
    ...repaired.map(
      ({ limit, expected }) => `${text(limit, expected)} was reset by the change, and set again`,
    ),
    ...failed.map(({ change, why }) => `${namesOf(change)} not set: ${why}`),
    ...refused.map(({ limit, wanted, why }) => `refused: ${text(limit, wanted)}, as ${why}`),
    ...of('later').map(({ limit, wanted, why }) => `not now: ${text(limit, wanted)}, as ${why}`),
    ...of('unsupported').map(({ limit, wanted, why }) => `not possible: ${text(limit, wanted)}, as ${why}`),
    ...(killed > 0 ? [`${killed} processes were killed for memory meanwhile`] : []),
  ].join('; ')
  if (amiss.length > 0 || failed.length > 0)
    return { outcome: 'ineffective', reason: 'limit_not_enforced', detail }
  if (refused.length > 0)
    return { outcome: set.length > 0 ? 'improved' : 'skipped', reason: 'unsafe_limit', detail }
  if (set.length > 0) return { outcome: 'fixed', reason: 'limits_set', detail }
  return {
    outcome: 'skipped',
    reason: 'already_limited',
    detail: detail || 'every limit is as strict already',
  }
}

/** What every limit came to, for the journal. */
export function resultOf(judged: readonly Judged[], applied: Applied): unknown {
  return judged.map(({ limit, verdict, wanted, to, why }) => {
    const amiss = applied.amiss.find((one) => one.limit === limit)
    const failed = applied.failed.find(({ change }) => change[limit] !== undefined)
    if (verdict !== 'set') return { limit, result: verdict, wanted, why }
    if (failed !== undefined) return { limit, result: 'failed', wanted, why: failed.why }
    if (amiss !== undefined) return { limit, result: 'not held', wanted, held: amiss.found }
    return { limit, result: 'set', wanted, to }
  })
}

function wasSet(judged: readonly Judged[], { set }: Applied): readonly Judged[] {
  return judged.filter(({ limit, verdict }) => verdict === 'set' && set[limit] !== undefined)
}

function namesOf(change: Applied['set']): string {
  return adjustable
    .filter((limit) => change[limit] !== undefined)
    .map((limit) => limitNames[limit])
    .join(' and ')
}
