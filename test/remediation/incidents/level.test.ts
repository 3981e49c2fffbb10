import t from 'tap'
import { type Gravity, levelOf } from '../../../src/remediation/incidents/level.ts'

const settings = { processes: 31, memory: 3 * 1024 ** 3 }
const small: Gravity = {
  tier: 'critical',
  measurement: { processes: 30, memory: 3 * 1024 ** 3 - 1 },
  deeds: { restarts: 0, unhelpful: 0 },
}

const cases: readonly [string, Partial<Gravity>, number][] = [
  ['a small one is for the log', {}, 1],
  ['nothing measured yet', { measurement: {} }, 1],
  ['more than 30 processes', { measurement: { processes: 31 } }, 2],
  ['3 GiB', { measurement: { memory: 3 * 1024 ** 3 } }, 2],
  ['emergency, whatever the numbers', { tier: 'emergency' }, 2],
  ['nuclear', { tier: 'nuclear' }, 2],
  ['nothing may be done about it', { reason: 'dry_run' }, 2],
  ['nothing may be done, and it is only a warning', { reason: 'maintenance', tier: 'warning' }, 1],
  ['one restart alone', { deeds: { restarts: 1, unhelpful: 0 } }, 1],
  ['several restarts', { deeds: { restarts: 2, unhelpful: 0 } }, 3],
  ['still exploding after a cleanup', { deeds: { restarts: 0, unhelpful: 1 } }, 3],
  ['many containers at once', { reason: 'storm' }, 4],
]

for (const [name, gravity, level] of cases) {
  t.test(name, async (t) => t.equal(levelOf({ ...small, ...gravity }, settings), level))
}
