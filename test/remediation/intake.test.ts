import t from 'tap'
import { instant, type WebhookAlert } from '../../src/remediation/webhook.ts'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../support/simulated-pidwarden.ts'

function setUp() {
  const pidwarden = createPidwarden()
  const farm = addGateway(pidwarden.host, pidwarden.engine)
  farm.duplicate(10)
  return {
    ...pidwarden,
    ...farm,
    over: () => pidwarden.clock.until(() => pidwarden.runner.inProgress().length === 0),
  }
}

t.test('a first delivery is queued and acted on', async (t) => {
  const { receive, container, journal, over, host } = setUp()
  const [verdict] = receive(alertAbout(container))
  t.match(verdict, {
    verdict: 'queued',
    fingerprint: 'c548df281c2b5d99',
    startsAt: '2026-11-20T12:00:00Z',
    runId: String,
  })
  await over()
  t.match(journal.story(verdict?.runId ?? ''), {
    playbook: 'cleanup',
    tier: 'critical',
    alert: 'PidwardenDuplicatesCritical',
    ending: { outcome: 'fixed' },
  })
  t.ok(host.signals.length > 0)
})

t.test('two Alertmanagers and their repeats act once', async (t) => {
  const { receive, container, journal, over } = setUp()
  const alert = alertAbout(container)
  const [first] = receive(alert)
  const [second] = receive(alert)
  await over()
  const [third] = receive({ ...alert, annotations: { value: '11' } })
  const [twin, again] = receive(alert, alert)
  for (const verdict of [second, third, twin, again]) {
    t.match(verdict, { verdict: 'known', runId: first?.runId })
  }
  t.equal(journal.recentRuns(10).length, 1)
  const { episode, first: isFirst } = journal.receive({
    fingerprint: alert.fingerprint,
    startsAt: instant(alert.startsAt),
    alert: 'x',
    containerId: 'x',
    name: 'x',
    playbook: 'x',
    tier: 'x',
    resource: 'x',
  })
  t.equal(isFirst, false)
  t.equal(episode.deliveries, 6, 'every delivery is counted')
})

t.test('one alert twice in one notification acts once', async (t) => {
  const { receive, container, journal } = setUp()
  const [one, two] = receive(alertAbout(container), alertAbout(container))
  t.equal(one?.verdict, 'queued')
  t.match(two, { verdict: 'known', runId: one?.runId })
  t.equal(journal.recentRuns(10).length, 1)
})

t.test('a new firing of the same alert is a new episode', async (t) => {
  const { receive, container, over } = setUp()
  receive(alertAbout(container))
  await over()
  const [verdict] = receive(alertAbout(container, {}, { startsAt: '2026-11-20T13:00:00Z' }))
  t.equal(verdict?.verdict, 'queued')
})

for (const [outcome, reason, again] of [
  ['interrupted', 'crash', true],
  ['unknown', 'docker_unreachable', true],
  ['unknown', 'census_unknown', true],
  ['cancelled', 'shutdown', true],
  ['superseded', 'higher_tier', true],
  ['skipped', 'no_candidates', true],
  ['skipped', 'tier_not_reached', true],
  ['skipped', 'not_running', true],
  ['skipped', 'container_replaced', true],
  ['cancelled', 'deadline', false],
  ['fixed', 'cleared', false],
  ['improved', 'still_above', true],
  ['ineffective', 'respawned', false],
  ['skipped', 'container_gone', false],
  ['skipped', 'not_enforced', false],
  ['skipped', 'unsafe_restart', false],
  ['skipped', 'restart_budget', false],
  ['failed', 'action_failed', false],
  ['dry_run', 'dry_run', false],
] as const) {
  t.test(`a repeat after ${outcome}: ${reason} is ${again ? 'queued again' : 'known'}`, async (t) => {
    const { receive, container, journal } = setUp()
    const alert = alertAbout(container)
    const matched = { fingerprint: alert.fingerprint, startsAt: instant(alert.startsAt), alert: 'A' }
    const about = { containerId: container.id, name: 'metamcp', tier: 'critical', resource: 'duplicates' }
    const { episode } = journal.receive({ ...matched, ...about, playbook: 'cleanup' })
    journal.addRun({ id: 'before', episodeId: episode.id, ...about, playbook: 'cleanup' })
    journal.endRun('before', { outcome, reason })
    const [verdict] = receive(alert)
    if (again) {
      t.equal(verdict?.verdict, 'queued')
      t.not(verdict?.runId, 'before')
    } else t.match(verdict, { verdict: 'known', runId: 'before' })
  })
}

for (const [outcome, reason] of [
  ['interrupted', 'crash'],
  ['cancelled', 'shutdown'],
  ['superseded', 'higher_tier'],
  ['unknown', 'docker_unreachable'],
] as const) {
  t.test(`a repeat after ${outcome}: ${reason} does not stop again what was stopped`, async (t) => {
    const { receive, container, journal } = setUp()
    const alert = alertAbout(container, { playbook: 'restart', tier: 'nuclear' })
    const matched = { fingerprint: alert.fingerprint, startsAt: instant(alert.startsAt), alert: 'A' }
    const about = { containerId: container.id, name: 'metamcp', tier: 'nuclear', resource: 'duplicates' }
    const { episode } = journal.receive({ ...matched, ...about, playbook: 'restart' })
    journal.addRun({ id: 'before', episodeId: episode.id, ...about, playbook: 'restart' })
    const stepId = journal.addStep('before', 'restart-container')
    journal.intend(stepId, [{ kind: 'stop', life: container.startedAt }])
    journal.endRun('before', { outcome, reason })
    t.match(receive(alert), [{ verdict: 'known', runId: 'before' }])
    const next = alertAbout(container, { playbook: 'restart', tier: 'nuclear' }, { startsAt: '2026-11-21' })
    t.match(receive(next), [{ verdict: 'queued' }], 'the next firing is another matter')
  })
}

for (const state of ['queued', 'running'] as const) {
  t.test(`a repeat of a run that is ${state} in the journal alone is queued again`, async (t) => {
    const { receive, container, journal, runner, addRun, over } = setUp()
    const run = addRun(container)
    if (state === 'running') journal.startRun(run.id)
    const alert = alertAbout(container, {}, { fingerprint: run.id })
    t.notOk(runner.knows(run.id))
    const [verdict] = receive(alert)
    t.equal(verdict?.verdict, 'queued')
    t.not(verdict?.runId, run.id)
    t.ok(runner.knows(verdict?.runId ?? ''))
    t.match(receive(alert), [{ verdict: 'known', runId: verdict?.runId }], 'at that one somebody is')
    await over()
    t.match(journal.story(verdict?.runId ?? '')?.ending, { outcome: 'fixed' })
    t.notOk(runner.knows(verdict?.runId ?? ''))
  })
}

t.test('a repeat of a run that waits behind another is known', async (t) => {
  const { receive, container, journal, runner, over } = setUp()
  receive(alertAbout(container))
  const behind = alertAbout(container, { resource: 'processes' }, { fingerprint: 'f2' })
  const [waiting] = receive(behind)
  t.equal(journal.story(waiting?.runId ?? '')?.state, 'queued')
  t.ok(runner.knows(waiting?.runId ?? ''))
  t.match(receive(behind), [{ verdict: 'known', runId: waiting?.runId }])
  await over()
  t.equal(journal.recentRuns(10).length, 2)
})

t.test('a run whose end could not be written is done again with the next repeat', async (t) => {
  const { receive, container, journal, runner, database, over } = setUp()
  database.exec(`CREATE TRIGGER full BEFORE UPDATE ON runs
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
  const [lost] = receive(alertAbout(container))
  await over()
  t.notOk(runner.knows(lost?.runId ?? ''))
  t.not(journal.story(lost?.runId ?? '')?.state, 'done')
  database.exec('DROP TRIGGER full')
  const [repeat] = receive(alertAbout(container))
  t.equal(repeat?.verdict, 'queued')
  t.not(repeat?.runId, lost?.runId)
  await over()
  t.equal(journal.story(repeat?.runId ?? '')?.state, 'done')
})

t.test('a run that gave way is taken up by its next repeat, and judges for itself', async (t) => {
  const { receive, container, duplicate, clock, host, over, journal } = setUp()
  duplicate(50, { stubborn: true })
  const lower = alertAbout(container)
  const [first] = receive(lower)
  await clock.until(() => host.signals.length > 0)
  receive(alertAbout(container, { tier: 'nuclear', playbook: 'restart' }, { fingerprint: 'f2' }))
  await over()
  t.match(journal.story(first?.runId ?? '')?.ending, { outcome: 'superseded', reason: 'higher_tier' })
  const before = host.effects.length
  const [again] = receive(lower)
  t.equal(again?.verdict, 'queued')
  await over()
  t.match(journal.story(again?.runId ?? '')?.ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  t.equal(host.effects.length, before, 'there was nothing left to do')
  t.match(receive(lower), [{ verdict: 'queued' }], 'and while the alert goes on, somebody looks again')
  await over()
  t.equal(host.effects.length, before)
})

t.test('an alert that comes too early is not lost: a repeat finds what there is to do by then', async (t) => {
  const { receive, container, legitimate, host, over, journal, duplicate } = setUp()
  for (const { pid } of host.in(container.id)) if (pid > legitimate.leaf.pid) host.end(pid)
  const [early] = receive(alertAbout(container))
  await over()
  t.match(journal.story(early?.runId ?? '')?.ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  duplicate(10)
  const [repeat] = receive(alertAbout(container))
  t.equal(repeat?.verdict, 'queued')
  await over()
  t.match(journal.story(repeat?.runId ?? '')?.ending, { outcome: 'fixed' })
  t.match(receive(alertAbout(container)), [{ verdict: 'known' }])
})

t.test('a run that Docker took away is done with the next repeat', async (t) => {
  const { receive, container, engine, over, journal } = setUp()
  engine.failures.inspect.push(unreachable())
  const [first] = receive(alertAbout(container))
  await over()
  t.match(journal.story(first?.runId ?? '')?.ending, { outcome: 'unknown' })
  const [repeat] = receive(alertAbout(container))
  t.equal(repeat?.verdict, 'queued')
  await over()
  t.match(journal.story(repeat?.runId ?? '')?.ending, { outcome: 'fixed' })
})

t.test('a run that gave way to a higher one, which then was refused, is not lost', async (t) => {
  const { receive, container, duplicate, clock, host, over, journal } = setUp()
  duplicate(42)
  const lower = alertAbout(container)
  receive(lower)
  await clock.until(() => new Set(host.signals.map(({ at }) => at)).size === 2)
  // By now 49 are left, and nuclear begins at 50: what asks for a restart comes too late.
  const [higher] = receive(
    alertAbout(container, { tier: 'nuclear', playbook: 'restart' }, { fingerprint: 'f2' }),
  )
  await over()
  t.match(journal.story(higher?.runId ?? '')?.ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  receive(lower)
  await over()
  t.equal(host.in(container.id).length, 5, 'the lower alert fires on, and its next repeat cleans up')
})

t.test('resolved is noted and nothing more', async (t) => {
  const { receive, container, host, over, journal, database } = setUp()
  const alert = alertAbout(container)
  const resolved: WebhookAlert = { ...alert, status: 'resolved', endsAt: '2026-11-20T12:05:00Z' }
  t.match(receive(resolved), [{ verdict: 'skipped', reason: 'resolved' }], 'of an unknown episode')
  t.same(journal.recentRuns(10), [])
  receive(alert)
  await over()
  const effects = [...host.effects]
  t.match(receive(resolved), [{ verdict: 'known', reason: undefined }])
  t.match(database.prepare('SELECT resolved_at FROM episodes').all(), [{ resolved_at: Number }])
  await over()
  t.same(host.effects, effects)
  t.equal(journal.recentRuns(10).length, 1)
})

t.test('resolved is noted whatever became of the container meanwhile', async (t) => {
  const { receive, container, over, engine, database } = setUp()
  const alert = alertAbout(container)
  receive(alert)
  await over()
  engine.remove(container)
  t.match(receive({ ...alert, status: 'resolved' }), [{ verdict: 'known' }])
  t.match(database.prepare('SELECT resolved_at FROM episodes').all(), [{ resolved_at: Number }])
})

t.test('every alert of a notification is judged on its own, and counted', async (t) => {
  const { receive, container, metrics, clock } = setUp()
  const other = { id: 'b'.repeat(64), name: 'elsewhere' }
  const verdicts = receive(
    alertAbout(other),
    alertAbout(container),
    alertAbout(container, {}, { status: 'resolved', fingerprint: 'f2' }),
    alertAbout(container, { playbook: 'unheard-of' }),
    alertAbout(other),
  )
  t.match(verdicts, [
    { verdict: 'skipped', reason: 'other_host' },
    { verdict: 'queued' },
    { verdict: 'skipped', reason: 'resolved' },
    { verdict: 'skipped', reason: 'unknown_playbook' },
    { verdict: 'skipped', reason: 'other_host' },
  ])
  const text = await clock.drive(metrics.render().then(String))
  t.match(text, 'pidwarden_alerts_received_total{verdict="skipped",reason="other_host"} 2\n')
  t.match(text, 'pidwarden_alerts_received_total{verdict="queued",reason=""} 1\n')
})

t.test('what cannot be written is refused as a whole: nothing runs, nothing is counted', async (t) => {
  const { receive, container, database, journal, clock, host, metrics } = setUp()
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON runs WHEN new.tier = 'emergency'
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
  const sound = alertAbout(container)
  const broken = alertAbout(container, { tier: 'emergency' }, { fingerprint: 'f2' })
  t.throws(() => receive(sound, broken), /disk is full/)
  t.same(journal.recentRuns(10), [])
  t.equal(database.prepare('SELECT count(*) AS n FROM episodes').get()?.n, 0)
  await clock.settle()
  t.same(host.effects, [])
  t.notMatch(await clock.drive(metrics.render().then(String)), 'verdict="queued"')
  database.exec('DROP TRIGGER full')
  t.match(receive(sound, broken), [{ verdict: 'queued' }, { verdict: 'queued' }], 'the same will do later')
})

t.test('where nothing may be done, people hear of it all the same', async (t) => {
  const { receive, journal, host, engine } = setUp()
  const { container } = addGateway(host, engine, 'observed', { 'pidwarden.mode': 'observe' })
  const [verdict] = receive(alertAbout(container))
  t.match(verdict, { verdict: 'skipped', reason: 'not_enforced' })
  t.same(journal.openRuns(), [])
  t.match(journal.incidents.openOf('observed'), { tier: 'critical', resource: 'duplicates', level: 2 })
  receive(alertAbout(container, { playbook: 'restart', tier: 'nuclear' }, { fingerprint: 'other' }))
  t.match(journal.incidents.open(), [{ name: 'observed', tier: 'nuclear' }], 'one incident, at its worst')
  const large = addGateway(host, engine, 'large', { 'pidwarden.mode': 'observe' }).container
  receive(
    alertAbout(large, { resource: 'processes', playbook: 'restart', tier: 'nuclear' }, { fingerprint: 'l' }),
  )
  t.match(journal.incidents.openOf('large'), { level: 1 }, 'that it is large is no news')
})

t.test("of pidwarden's own stack operations hear of everything that is grave", async (t) => {
  const { receive, journal, host, engine } = setUp()
  const labels = { 'pidwarden.mode': 'enforce', 'pidwarden.stack': 'pidwarden' }
  const { container } = addGateway(host, engine, 'grafana', labels)
  const [verdict] = receive(
    alertAbout(container, { resource: 'memory', playbook: 'restart', tier: 'nuclear' }),
  )
  t.match(verdict, { verdict: 'skipped', reason: 'own_stack' })
  t.same(journal.openRuns(), [])
  t.match(journal.incidents.openOf('grafana'), { resource: 'memory', level: 2 })
})
