import t from 'tap'
import type { Delivery, Notice } from '../../../src/journal/notices.ts'
import type { Incident } from '../../../src/journal/records.ts'
import { dueNow } from '../../../src/remediation/notices/due.ts'

const s = 1000
const incident: Incident = {
  id: 1,
  name: 'metamcp',
  containerId: 'c',
  alert: 'PidwardenDuplicatesCritical',
  resource: 'duplicates',
  tier: 'critical',
  labels: {},
  level: 1,
  peaks: {},
  openedAt: 0,
}
const notice: Notice = { id: 1, incident, level: 1, acted: false, update: false, since: 0 }
const update: Notice = { ...notice, level: 2, acted: true, update: true }
const over: Notice = { ...notice, incident: { ...incident, recoveredAt: 100 * s } }

const cases: readonly [string, Notice, Delivery, number, 'fire' | 'resolve' | undefined][] = [
  ['never told', notice, {}, 0, 'fire'],
  ['told just now', notice, { firedAt: 0, repeatedAt: 0 }, 59 * s, undefined],
  ['told a minute ago', notice, { firedAt: 0, repeatedAt: 0 }, 60 * s, 'fire'],
  ['repeated just now', notice, { firedAt: 0, repeatedAt: 60 * s }, 100 * s, undefined],
  ['over, and told long ago', over, { firedAt: 0, repeatedAt: 60 * s }, 100 * s, 'resolve'],
  ['over, and told so late that nobody has heard yet', over, { firedAt: 90 * s }, 101 * s, undefined],
  ['the same, a minute later', over, { firedAt: 90 * s, repeatedAt: 90 * s }, 150 * s, 'resolve'],
  ['over before anybody was told', over, {}, 101 * s, 'fire'],
  ['an update before anybody was called', update, {}, 100 * s, undefined],
  [
    'an update right after the call, which it would silence',
    update,
    { calledAt: 50 * s },
    109 * s,
    undefined,
  ],
  ['an update a minute after the call', update, { calledAt: 50 * s }, 110 * s, 'fire'],
  ['an update of what is only logged', { ...update, level: 1 }, {}, 0, 'fire'],
  ['an update that was told before', update, { calledAt: 0, firedAt: 60 * s }, 120 * s, 'fire'],
  ['an update, and the clock was put back', update, { calledAt: 1000 * s }, 0, 'fire'],
  ['the clock was put back', notice, { firedAt: 1000 * s, repeatedAt: 1000 * s }, 0, 'fire'],
  ['the clock was put back, and it is over', over, { firedAt: 1000 * s }, 0, 'resolve'],
]
for (const [name, about, delivery, now, expected] of cases)
  t.test(name, async (t) => t.equal(dueNow(about, delivery, now), expected))
