import t from 'tap'
import { own, ownPlaybook } from '../../support/own-playbook.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { value } from '../../support/simulated-host.ts'
import { alertAbout, createPidwarden } from '../../support/simulated-pidwarden.ts'

const before = ownPlaybook([
  'action: kill-duplicates, goal: below-tier, wait: 30, onMiss: next',
  'action: restart-container, with: { pause: 1 }, goal: below-tier, onMiss: stop',
])
const after = ownPlaybook(['action: kill-orphans, onMiss: stop'])

/** A gateway with duplicates that nothing but a restart ends. */
function setUp() {
  const pidwarden = createPidwarden({ yaml: before })
  const gateway = addGateway(pidwarden.host, pidwarden.engine)
  gateway.duplicate(10, { listens: value(true) })
  return { ...pidwarden, ...gateway }
}

t.test('a run that is at work keeps the playbook it began with; the next one has the new', async (t) => {
  const { container, receive, clock, runner, journal, host, duplicate, replacePlaybooks } = setUp()
  const [first] = receive(alertAbout(container, own))
  await clock.until(() => clock.monotonic() >= 10_000)
  t.same(runner.inProgress(), ['metamcp'], 'it waits for its goal')
  replacePlaybooks(after)
  await clock.until(() => runner.inProgress().length === 0)
  t.match(journal.story(first?.runId ?? ''), { ending: { outcome: 'fixed' }, steps: { length: 3 } })
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
  duplicate(10, { listens: value(true) })
  const [second] = receive(alertAbout(container, own, { fingerprint: 'another' }))
  await clock.until(() => runner.inProgress().length === 0)
  t.same(
    journal.story(second?.runId ?? '')?.steps.map(({ action }) => action),
    ['collect-evidence', 'kill-orphans'],
  )
})

const only = '\n    for: { tiers: [nuclear] }\n    steps:'
for (const [name, next, detail] of [
  ['has gone', '{}', /own at critical of duplicates: unknown to this version and configuration/],
  [
    'is not for it any more',
    after.replace('\n    steps:', only).replace(/policy:.*/s, ''),
    /it is not for that/,
  ],
] as const) {
  t.test(`a run that waited for its turn while its playbook ${name} touches nothing`, async (t) => {
    const { container, perform, host, replacePlaybooks } = setUp()
    replacePlaybooks(next)
    t.match((await perform(container, own)).ending, { outcome: 'failed', reason: 'action_failed', detail })
    t.same(host.effects, [])
  })
}

t.test('an alert for a playbook that has gone is skipped', async (t) => {
  const { container, receive, replacePlaybooks } = setUp()
  replacePlaybooks('{}')
  t.match(receive(alertAbout(container, own)), [{ verdict: 'skipped', reason: 'unknown_playbook' }])
})
