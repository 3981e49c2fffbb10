import t from 'tap'
import { createJumpingPidwarden, hour } from '../support/jumping-pidwarden.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout } from '../support/simulated-pidwarden.ts'

const day = 24 * hour
const nuclear = { tier: 'nuclear', playbook: 'restart' }

function setUp(options: Parameters<typeof createJumpingPidwarden>[0] = {}) {
  const pidwarden = createJumpingPidwarden(options)
  return { ...pidwarden, ...addGateway(pidwarden.host, pidwarden.engine) }
}

for (const [name, ms] of [
  ['forward', day],
  ['back', -day],
] as const) {
  t.test(`a clock that is put ${name} in the middle of a cleanup changes nothing of it`, async (t) => {
    const jumps = async (by: number) => {
      const { container, duplicate, host, clock, journal, receive, over, jump } = setUp()
      duplicate(10)
      duplicate(1, { age: 30, stubborn: true })
      const [verdict] = receive(alertAbout(container))
      await clock.until(() => host.signals.length > 0)
      jump(by)
      await over()
      return { signals: host.signals, ending: journal.story(verdict?.runId ?? '')?.ending }
    }
    const usual = await jumps(0)
    t.match(usual.ending, { outcome: 'fixed' })
    t.same(await jumps(ms), usual, 'the same processes, at the same moments')
  })

  t.test(`a clock that is put ${name} does not make a known alert a new one`, async (t) => {
    const { container, duplicate, host, journal, receive, over, jump } = setUp()
    duplicate(10)
    const [first] = receive(alertAbout(container))
    await over()
    const effects = [...host.effects]
    jump(ms)
    t.match(receive(alertAbout(container)), [{ verdict: 'known', runId: first?.runId }])
    await over()
    t.same(host.effects, effects)
    t.equal(journal.recentRuns(10).length, 1)
  })

  t.test(`a clock that is put ${name} while a container is stopped: it is started`, async (t) => {
    const { container, duplicate, engine, host, journal, receive, over, jump } = setUp()
    duplicate(60, { listens: { kind: 'value', value: true } })
    engine.onStopped = () => jump(ms)
    const [verdict] = receive(alertAbout(container, nuclear))
    await over()
    t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
    t.match(journal.story(verdict?.runId ?? '')?.ending, { outcome: 'fixed' })
    t.same(journal.debts(), [])
  })

  t.test(`a clock that is put ${name} while the engine still stops: it is started afterwards`, async (t) => {
    const { container, duplicate, engine, receive, over, jump, settleDebts, clock } = setUp()
    duplicate(60, { listens: { kind: 'value', value: true } })
    engine.slowStop = 40_000
    receive(alertAbout(container, nuclear))
    await clock.until(() => clock.monotonic() > 5000)
    jump(ms)
    await over()
    await settleDebts()
    clock.advance(60_000)
    await settleDebts()
    t.equal(container.state, 'running')
    t.not(container.pid, 0)
  })

  t.test(`a clock that is put ${name} after a crash: what was stopped is started`, async (t) => {
    const { container, engine, journal, addRun, recover, settleDebts, jump } = setUp()
    const run = addRun(container, nuclear)
    journal.startRun(run.id)
    const [effect] = journal.intend(journal.addStep(run.id, 'restart-container'), [
      { kind: 'stop', life: container.startedAt },
    ])
    journal.complete([{ id: effect ?? 0, result: 'done' }])
    engine.halt(container)
    jump(ms)
    recover()
    t.equal(await settleDebts(), 0)
    t.equal(container.state, 'running')
    t.match(journal.story(run.id)?.ending, { outcome: 'interrupted', reason: 'crash' })
    t.same(journal.debts(), [])
  })
}

t.test('a clock that is put back leaves the restarts of the last hour counted', async (t) => {
  const { container, duplicate, host, receive, over, jump, settings } = setUp()
  settings.restartsPerHour = 1
  const leak = () => duplicate(60, { listens: { kind: 'value', value: true } })
  leak()
  receive(alertAbout(container, nuclear))
  await over()
  jump(-day)
  leak()
  receive(alertAbout(container, nuclear, { startsAt: '2026-11-20T12:30:00Z' }))
  await over()
  t.equal(host.effects.filter((effect) => effect.startsWith('stop')).length, 1)
})

t.test('an alert that is an hour old: only what is measured now counts', async (t) => {
  const { container, duplicate, host, journal, clock, receive, over } = setUp()
  const old = (fingerprint: string) =>
    alertAbout(container, {}, { startsAt: new Date(clock.now() - hour).toISOString(), fingerprint })
  const [calm] = receive(old('f1'))
  await over()
  t.match(journal.story(calm?.runId ?? '')?.ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  t.same(host.effects, [], 'it got well meanwhile')
  duplicate(10)
  const [standing] = receive(old('f2'))
  await over()
  t.match(journal.story(standing?.runId ?? '')?.ending, { outcome: 'fixed' }, 'it did not')
})

t.test('an alert from the future is one like any other', async (t) => {
  const { container, duplicate, journal, clock, receive, over } = setUp()
  duplicate(10)
  const alert = alertAbout(container, {}, { startsAt: new Date(clock.now() + day).toISOString() })
  const [verdict] = receive(alert)
  await over()
  t.match(journal.story(verdict?.runId ?? '')?.ending, { outcome: 'fixed' })
  t.match(receive(alert), [{ verdict: 'known' }])
})
