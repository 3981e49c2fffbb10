import { join } from 'node:path'
import t from 'tap'
import { createUrgency } from '../../src/census/steps.ts'
import { historyOf } from '../../src/remediation/history.ts'
import { emptyFolder } from '../support/folder.ts'
import { bearer } from '../support/problem.ts'
import { addGateway, type Gateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, token } from '../support/simulated-pidwarden.ts'

/** Leaks of which only some may be ended: a run helps, and does not fix it. */
function leakForGood({ duplicate }: Pick<Gateway, 'duplicate'>): void {
  duplicate(6)
  duplicate(6, { listens: { kind: 'value', value: true } })
}

t.test(
  'what did not help enough is not done again at once; the repeat of the alert tries later',
  async (t) => {
    const { host, engine, clock, perform, receive, journal, runner } = createPidwarden({ restrained: true })
    const gateway = addGateway(host, engine)
    leakForGood(gateway)
    t.match((await perform(gateway.container)).ending, { outcome: 'improved' })
    const signals = host.signals.length
    gateway.duplicate(6)
    t.match((await perform(gateway.container)).ending, { outcome: 'skipped', reason: 'cooldown' })
    t.equal(host.signals.length, signals)

    clock.advance(60_000)
    t.match(receive(alertAbout(gateway.container)), [{ verdict: 'queued' }])
    await clock.until(() => runner.inProgress().length === 0)
    t.ok(host.signals.length > signals)
    t.match(journal.recentRuns(1), [{ ending: { outcome: 'improved' } }])
  },
)

t.test('also after a restart of pidwarden, and for a recreated container of the name', async (t) => {
  const journalPath = join(emptyFolder(t), 'journal.db')
  const first = createPidwarden({ restrained: true, journalPath })
  const before = addGateway(first.host, first.engine)
  leakForGood(before)
  t.match((await first.perform(before.container)).ending, { outcome: 'improved' })
  first.journal.close()

  const second = createPidwarden({ restrained: true, journalPath })
  second.clock.advance(first.clock.now() - second.clock.now() + 10_000)
  const after = addGateway(second.host, second.engine)
  after.duplicate(6)
  t.match((await second.perform(after.container)).ending, { reason: 'cooldown' })
  second.journal.close()
})

t.test('a leak that was fixed and comes back is a new one, as often as the budget allows', async (t) => {
  const { host, engine, perform } = createPidwarden({ restrained: true })
  const { container, duplicate } = addGateway(host, engine)
  for (let wave = 0; wave < 5; wave++) {
    duplicate(6)
    t.match((await perform(container)).ending, { outcome: 'fixed' })
  }
  duplicate(6)
  t.match((await perform(container)).ending, { reason: 'budget', detail: /5 are allowed/ })
})

t.test('runs that do not help open the breaker', async (t) => {
  const { host, engine, clock, perform, settings } = createPidwarden({ restrained: true })
  settings.minimumAge = { ...settings.minimumAge, critical: 0 }
  const { container, duplicate, respawn } = addGateway(host, engine)
  duplicate(20)
  respawn()
  for (let run = 0; run < 3; run++) {
    t.match((await perform(container)).ending, { outcome: 'ineffective' })
    clock.advance(600_000)
  }
  t.match((await perform(container)).ending, { reason: 'breaker_open', detail: /released/ })
  clock.advance(1_800_000)
  t.match((await perform(container)).ending, { outcome: 'ineffective' }, 'one may try')
  t.match((await perform(container)).ending, { reason: 'breaker_open' })
})

t.test('a run that found nothing to do is no deed', async (t) => {
  const { host, engine, perform, journal } = createPidwarden({ restrained: true })
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6, { listens: { kind: 'value', value: true } })
  t.match((await perform(container)).ending, { reason: 'no_candidates' })
  t.same(journal.deeds(0), [])
  t.match((await perform(container)).ending, { reason: 'no_candidates' }, 'and does not hold up the next')
})

t.test('restarts spend one budget, by whichever playbook they are', async (t) => {
  const pidwarden = createPidwarden({
    restrained: true,
    yaml: 'remediation: { budgets: [{ scope: host, restarts: true, within: 3600, runs: 2 }] }',
  })
  const { host, engine, perform, journal, clock } = pidwarden
  const health = { 'pidwarden.mode': 'enforce', 'pidwarden.thresholds.health.critical': '1' }
  const wanted = { playbook: 'restart-unhealthy', tier: 'critical', resource: 'health' }
  const cleaned = addGateway(host, engine, 'cleaned')
  cleaned.duplicate(60)
  const nuclear = { playbook: 'restart', tier: 'nuclear' }
  for (const name of ['a', 'b', 'c']) {
    const { container } = addGateway(host, engine, name, health)
    container.health = 'unhealthy'
    const { ending } = await perform(container, wanted)
    if (name === 'c')
      t.match(ending, { outcome: 'skipped', reason: 'budget', detail: /that restarted a container/ })
    else t.not(ending.reason, 'budget')
  }
  t.same(
    journal.deeds(0).map(({ restarted }) => restarted),
    [true, true],
  )
  t.match((await perform(cleaned.container, nuclear)).ending, { reason: 'budget' })
  t.match((await perform(cleaned.container)).ending, { outcome: 'fixed' }, 'what restarts nothing goes on')
  t.equal(journal.deeds(0).at(-1)?.restarted, undefined)
  clock.advance(3_600_000)
  cleaned.duplicate(60)
  t.not((await perform(cleaned.container, nuclear)).ending.reason, 'budget')
})

t.test('a run that goes on and may restart its container counts as a restart', async (t) => {
  const { host, engine, addRun, journal, ports } = createPidwarden({ restrained: true })
  const { container } = addGateway(host, engine)
  for (const playbook of ['restart', 'restart-unhealthy', 'recreate', 'contain', 'cleanup']) {
    const { id } = addRun(container, { playbook })
    journal.startRun(id)
    journal.admitRun(id, false)
  }
  const { deeds } = historyOf('metamcp', ports)
  t.same(
    deeds.filter(({ restarted }) => restarted).map(({ playbook }) => playbook),
    ['restart', 'restart-unhealthy', 'recreate'],
  )
  t.notOk(
    deeds.some(({ gentle }) => gentle),
    'what goes on may do anything',
  )
})

t.test('a dry run is no deed either', async (t) => {
  const { host, engine, perform, journal } = createPidwarden({ restrained: true })
  const { container, duplicate } = addGateway(host, engine, 'metamcp', {
    'pidwarden.mode': 'dry-run',
    'pidwarden.profile': 'generic',
  })
  duplicate(6)
  t.match((await perform(container)).ending, { outcome: 'dry_run' })
  t.same(journal.deeds(0), [])
})

t.test('most of those that opted in at once: none is acted on', async (t) => {
  const { host, engine, clock, runner, receive, journal } = createPidwarden({ restrained: true })
  const farm = Array.from({ length: 6 }, (_, at) => addGateway(host, engine, `gateway-${at}`))
  for (const { duplicate } of farm) duplicate(6)
  receive(...farm.map(({ container }, at) => alertAbout(container, {}, { fingerprint: `f${at}` })))
  await clock.until(() => runner.inProgress().length === 0)
  t.equal(host.signals.length, 0)
  t.same(new Set(journal.recentRuns(10).map(({ ending }) => ending?.reason)), new Set(['storm']))
})

t.test('what people plan is no storm', async (t) => {
  const { host, engine, app, perform } = createPidwarden({ restrained: true })
  const farm = Array.from({ length: 6 }, (_, at) => addGateway(host, engine, `gateway-${at}`))
  for (const { duplicate, container } of farm) {
    duplicate(6)
    const url = `/api/containers/${container.name}/playbooks/cleanup`
    t.equal((await app.inject({ method: 'POST', url, headers: bearer(token) })).statusCode, 200)
  }
  const [one] = farm
  if (one) t.match((await perform(one.container)).ending, { outcome: 'fixed' })
})

t.test('scrapes give way to a run until it acts or waits', async (t) => {
  const { host, engine, clock, runner, receive, settings, ports } = createPidwarden()
  settings.minimumAge = { ...settings.minimumAge, critical: 1000 }
  const urgency = createUrgency()
  Object.assign(ports, { urgency })
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6)
  receive(alertAbout(container))
  t.ok(urgency.isUrgent())
  await clock.settle()
  t.equal(runner.inProgress().length, 1, 'it waits for those that are too young')
  t.notOk(urgency.isUrgent())
  await clock.until(() => runner.inProgress().length === 0)
  t.notOk(urgency.isUrgent())
})

t.test('record is not held back: it touches nothing', async (t) => {
  const { host, engine, perform, journal } = createPidwarden({ restrained: true })
  const { container, duplicate } = addGateway(host, engine)
  duplicate(2)
  journal.stopActing('a drill')
  const { ending } = await perform(container, { playbook: 'record', tier: 'warning' })
  t.match(ending, { outcome: 'skipped', reason: 'recorded' })
})
