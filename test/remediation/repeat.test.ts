import t from 'tap'
import type { Outcome, Reason } from '../../src/journal/outcomes.ts'
import type { Run } from '../../src/journal/records.ts'
import { type Aftermath, mayRepeat } from '../../src/remediation/repeat.ts'

const minute = 60_000
const ended = 1000 * minute
const run = (outcome: Outcome, reason: Reason): Run => ({
  id: 'run',
  episodeId: 1,
  containerId: 'c',
  name: 'metamcp',
  playbook: 'cleanup',
  tier: 'critical',
  resource: 'duplicates',
  origin: 'alert',
  dryRun: false,
  state: 'done',
  createdAt: 0,
  endedAt: ended,
  ending: { outcome, reason },
})
const fixed = run('fixed', 'cleared')
const improved = run('improved', 'still_above')
const hopeless = run('ineffective', 'respawned')
const aftermath: Aftermath = {
  now: ended + 1000,
  releasedAt: undefined,
  hasStopped: false,
  open: 30 * minute,
}

const cases: readonly [string, Run, Partial<Aftermath>, boolean][] = [
  ['what was judged just now', fixed, {}, false],
  ['what was fixed, and stands a minute later', fixed, { now: ended + minute }, true],
  ['the same where it was stopped', fixed, { now: ended + minute, hasStopped: true }, false],
  ['what helped, and not enough', improved, {}, true],
  ['the same where it was stopped', improved, { hasStopped: true }, false],
  ['what did not help', hopeless, { now: ended + 29 * minute }, false],
  ['the same when it was left alone for long enough', hopeless, { now: ended + 30 * minute }, true],
  ['the same where it was stopped', hopeless, { now: ended + 30 * minute, hasStopped: true }, true],
  ['what a person has released since', hopeless, { releasedAt: ended + 1 }, true],
  ['released in the future: the clock was put back', hopeless, { releasedAt: ended + 9 * minute }, false],
  ['what a person had released before', hopeless, { releasedAt: ended }, false],
  ['after the clock was put back', hopeless, { now: 0 }, false],
  ['fixed, after the clock was put back', fixed, { now: 0 }, false],
]

for (const [name, last, more, expected] of cases)
  t.test(`${name}: ${expected ? 'again' : 'known'}`, async (t) =>
    t.equal(mayRepeat(last, { ...aftermath, ...more }), expected),
  )
