import t from 'tap'
import { type Ladder, type Past, type Sequel, sequel } from '../../../src/remediation/incidents/sequel.ts'

/** A rung with a shipped playbook. */
const does = (playbook: string, isReachable = true) => ({
  playbook,
  acts: playbook !== 'record',
  isReachable,
})

/** As the preset `protocol` has it for duplicates. */
const ladder: Ladder = {
  warning: does('record'),
  critical: does('cleanup'),
  emergency: does('cleanup'),
  nuclear: does('restart'),
}

const past: Past = {
  playbook: 'cleanup',
  tier: 'critical',
  resource: 'duplicates',
  ending: { outcome: 'ineffective', reason: 'still_above', detail: '24 -> 24' },
  miss: 'escalate',
  tried: new Set(),
  grows: false,
  acted: true,
  stopped: false,
  down: false,
}
const nothing: Sequel = { kind: 'nothing' }
const restart: Sequel = { kind: 'rung', tier: 'nuclear', playbook: 'restart' }

const cases: readonly [string, Partial<Past>, Sequel | RegExp, Ladder?][] = [
  ['did not help: the next tier with another playbook', {}, restart],
  ['worse than before', { ending: { outcome: 'regressed', reason: 'still_above' } }, restart],
  ['failed', { ending: { outcome: 'failed', reason: 'action_failed' } }, restart],
  ['came back', { ending: { outcome: 'ineffective', reason: 'respawned' } }, restart],
  [
    'the next tier as it comes',
    {},
    { kind: 'rung', tier: 'emergency', playbook: 'contain' },
    {
      ...ladder,
      emergency: does('contain'),
    },
  ],
  [
    'where the next tier only looks, people do',
    { tier: 'warning' },
    /cleanup did not help/,
    { warning: does('cleanup'), critical: does('record'), nuclear: does('restart') },
  ],
  [
    'not over in time, and something was done',
    { miss: undefined, ending: { outcome: 'cancelled', reason: 'deadline' } },
    restart,
  ],
  [
    'not over in time, and nothing was done',
    { miss: undefined, acted: false, ending: { outcome: 'cancelled', reason: 'deadline' } },
    nothing,
  ],
  [
    'restarted, and then it cannot be measured any more',
    {
      playbook: 'restart',
      stopped: true,
      miss: undefined,
      ending: { outcome: 'unknown', reason: 'census_unknown' },
    },
    /restarted it, and it is not well/,
  ],
  [
    'restarted, and then it has another life',
    {
      playbook: 'restart',
      stopped: true,
      miss: undefined,
      ending: { outcome: 'skipped', reason: 'container_replaced' },
    },
    /restarted it, and it is not well/,
  ],
  [
    'restarted, and that was not enough',
    {
      playbook: 'restart',
      stopped: true,
      ending: { outcome: 'improved', reason: 'still_above', detail: '66 -> 60' },
    },
    /66 -> 60/,
  ],
  [
    'restarted, and Docker is away: nobody knows',
    {
      playbook: 'restart',
      stopped: true,
      miss: undefined,
      ending: { outcome: 'unknown', reason: 'docker_unreachable' },
    },
    /restarted it, and it is not well/,
  ],
  [
    'Docker is away, and nothing was stopped',
    { miss: undefined, ending: { outcome: 'unknown', reason: 'docker_unreachable' } },
    nothing,
  ],
  [
    'stopped, and it does not run: what would begin on it?',
    {
      stopped: true,
      down: true,
      ending: { outcome: 'failed', reason: 'action_failed', detail: 'does not run again' },
    },
    /restarted it, and it is not well: does not run again/,
  ],
  [
    'stopped, it runs and is not well: the next tier',
    { stopped: true, ending: { outcome: 'failed', reason: 'action_failed' } },
    restart,
  ],
  [
    'stopped, and what failed is not known to have been tried to the end',
    { stopped: true, miss: undefined, ending: { outcome: 'failed', reason: 'action_failed' } },
    /cleanup did not help: action_failed/,
  ],
  [
    'stopped in vain, whatever the playbook says',
    { stopped: true, miss: 'stop' },
    /cleanup did not help: 24 -> 24/,
  ],
  [
    'restarted, and the rest may not be ended',
    {
      playbook: 'restart',
      tier: 'nuclear',
      stopped: true,
      ending: { outcome: 'ineffective', reason: 'no_candidates' },
    },
    /restart did not help/,
  ],
  [
    'restarted, the rest may not be ended, and there is a next tier',
    { stopped: true, ending: { outcome: 'ineffective', reason: 'no_candidates' } },
    restart,
  ],
  [
    'stopped, and not over in time: the next tier',
    { stopped: true, miss: undefined, ending: { outcome: 'cancelled', reason: 'deadline' } },
    restart,
  ],
  ...(
    [
      { outcome: 'cancelled', reason: 'shutdown' },
      { outcome: 'cancelled', reason: 'acting_stopped' },
      { outcome: 'superseded', reason: 'higher_tier' },
      { outcome: 'interrupted', reason: 'crash' },
    ] as const
  ).map((ending): [string, Partial<Past>, Sequel] => [
    `stopped, and ended by somebody: ${ending.reason}`,
    { stopped: true, down: true, miss: undefined, ending },
    nothing,
  ]),
  [
    'what was tried for this alert is not tried again',
    { tried: new Set(['restart']) },
    /cleanup did not help: 24 -> 24/,
  ],
  ['after the last tier come people', { playbook: 'restart', tier: 'nuclear' }, /restart did not help/],
  [
    'a policy without a higher tier is not made harsher',
    {},
    /cleanup did not help/,
    {
      critical: does('cleanup'),
    },
  ],
  ['fixed', { ending: { outcome: 'fixed', reason: 'cleared' } }, nothing],
  [
    'helped, and not enough: the next repeat tries again',
    { ending: { outcome: 'improved', reason: 'still_above' } },
    nothing,
  ],
  ['the playbook says to stop', { miss: 'stop' }, nothing],
  [
    'something else ended it',
    { miss: undefined, ending: { outcome: 'cancelled', reason: 'shutdown' } },
    nothing,
  ],
  ['unknown never escalates', { ending: { outcome: 'unknown', reason: 'census_unknown' } }, nothing],
  ['nothing that may be ended', { ending: { outcome: 'skipped', reason: 'no_candidates' } }, nothing],
  [
    'orphans were ended, and the rest may not be',
    { ending: { outcome: 'ineffective', reason: 'no_candidates' } },
    nothing,
  ],
  [
    'nothing that may be ended, it grows, and higher tiers have alerts',
    {
      ending: { outcome: 'skipped', reason: 'no_candidates' },
      grows: true,
    },
    nothing,
  ],
  [
    'nothing that may be ended, it grows, and the kernel would never let it come to the tier that is left',
    {
      miss: 'escalate',
      ending: { outcome: 'skipped', reason: 'no_candidates' },
      grows: true,
    },
    /finds nothing more that it may end/,
    { ...ladder, emergency: does('cleanup', false), nuclear: does('restart', false) },
  ],
  [
    'nothing that may be ended, it grows, and no tier is left',
    {
      ending: { outcome: 'skipped', reason: 'no_candidates' },
      grows: true,
    },
    /finds nothing more that it may end, and duplicates grows/,
    { critical: does('cleanup') },
  ],
  [
    'no restart is to be had',
    {
      miss: undefined,
      ending: { outcome: 'skipped', reason: 'restart_budget', detail: 'restarted 3 times' },
    },
    /restarted 3 times/,
  ],
  [
    'explodes again, whatever it was restarted with',
    {
      miss: undefined,
      ending: { outcome: 'skipped', reason: 'exploded_again', detail: 'under the stricter limits' },
    },
    /under the stricter limits/,
  ],
  ['never to be restarted', { ending: { outcome: 'skipped', reason: 'unsafe_restart' } }, /unsafe_restart/],
  [
    'given up after several',
    { miss: undefined, ending: { outcome: 'skipped', reason: 'breaker_open' } },
    /breaker_open/,
  ],
  [
    'no restart was to be had, and none was needed',
    { ending: { outcome: 'fixed', reason: 'restart_budget' } },
    nothing,
  ],
  ['put off', { miss: undefined, ending: { outcome: 'skipped', reason: 'budget' } }, nothing],
]

for (const [name, more, expected, policy = ladder] of cases) {
  t.test(name, async (t) => {
    const what = sequel({ ...past, ...more }, policy)
    if (expected instanceof RegExp) t.match(what, { kind: 'people', reason: expected })
    else if (expected.kind === 'nothing') t.same(what, nothing)
    else t.same(what, expected)
  })
}
