import t from 'tap'
import { settleDebts } from '../../../src/remediation/recover.ts'
import { settleRecreations } from '../../../src/remediation/recreate/recover.ts'
import { execute } from '../../../src/remediation/run.ts'
import { failing, type Mishap } from '../../support/failing-engine.ts'
import { type SimulatedContainer, unreachable } from '../../support/simulated-docker.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { createPidwarden, type SimulatedPidwarden } from '../../support/simulated-pidwarden.ts'

const optedIn = { 'pidwarden.mode': 'enforce', 'pidwarden.recreate': 'true' }
const yaml = 'policy: { thresholds: { duplicates: { critical: { at: 5, playbook: recreate } } } }'
const calls = ['rename', 'create', 'connect', 'stop', 'disconnect', 'start', 'remove']

/** A pidwarden that ends at one call of a recreation, and what the next one does. */
async function end(at: number, when: Mishap['when']) {
  const pidwarden = createPidwarden({ yaml })
  const { host, engine, simulated, ports, addRun, clock, journal, runner, logger: log } = pidwarden
  const gateway = addGateway(host, engine, 'metamcp', optedIn)
  const { container } = gateway
  gateway.duplicate(10)
  const Networks = { net: { Aliases: ['server'], NetworkID: 'net' }, bridge: {} }
  simulated.make(container, { HostConfig: { NetworkMode: 'net' }, Networks })
  const sound = { docker: ports.docker, builder: ports.builder }
  const engineThatFails = failing(sound.docker, sound.builder, { at, when, error: undefined })
  const run = addRun(container, { playbook: 'recreate' })
  const dying = execute(
    run,
    { ...ports, docker: engineThatFails.docker, builder: engineThatFails.builder },
    new AbortController().signal,
  )
  await clock.drive(Promise.race([dying, engineThatFails.abandoned]))
  const recovery = { ...sound, journal, clock, log, runner }
  return {
    ...pidwarden,
    container,
    sound,
    run,
    recovery,
    recover: () => clock.drive(settleRecreations(recovery)),
    names: () => [...engine.containers.values()].map(({ name, state }) => `${name} ${state}`).sort(),
    find: (name: string) => [...engine.containers.values()].find((one) => one.name === name),
    networks: async () => (await sound.builder.blueprint(container.id)).Networks,
    Networks,
  }
}

for (const [index, call] of calls.slice(0, -1).entries()) {
  for (const when of ['before', 'after'] as const) {
    // A stop that nobody has heard of may still come: that is a matter of its own.
    if (call === 'stop' && when === 'before') continue
    t.test(`ended ${when} ${call}: the old container is back`, async (t) => {
      const { recover, names, engine, container, journal, networks, Networks, host } = await end(
        index + 1,
        when,
      )
      t.equal(journal.recreations().length, 1)
      await recover()
      t.same(names(), ['metamcp running'])
      t.ok(engine.containers.has(container.id))
      t.same(Object.keys(await networks()).sort(), Object.keys(Networks).sort())
      t.match((await networks()).net, { Aliases: ['server'] })
      t.same(journal.recreations(), [])
      const done = [...host.effects]
      await recover()
      t.same(host.effects, done, 'and that was it')
    })
  }
}

for (const when of ['before', 'after'] as const) {
  t.test(`ended ${when} the old container was removed: the new one stays`, async (t) => {
    const { recover, names, engine, container, journal } = await end(calls.length, when)
    await recover()
    t.same(names(), ['metamcp running'])
    t.notOk(engine.containers.has(container.id))
    t.same(journal.recreations(), [])
  })
}

const [renamed, created, stopped, disconnected, started, removed] = [1, 2, 4, 5, 6, 7]

t.test('a stop that may still come to something is waited for', async (t) => {
  const { recover, names, engine, container, journal, clock } = await end(stopped, 'before')
  await recover()
  t.same(names(), ['metamcp running'], 'it has its name')
  t.equal(journal.recreations().length, 1, 'and is kept an eye on')
  engine.halt(container)
  await recover()
  t.same(names(), ['metamcp running'])
  t.same(journal.recreations(), [])
  const late = await end(stopped, 'before')
  late.clock.advance(131_000)
  await late.recover()
  t.same(late.journal.recreations(), [], 'and not without end')
  t.ok(clock)
})

t.test('one that is not in order yet is tried again, and the others do not wait for it', async (t) => {
  const { recover, names, engine, journal, logs, clock } = await end(disconnected, 'after')
  engine.failures.start.push(...Array.from({ length: 100 }, unreachable))
  const begun = clock.monotonic()
  await recover()
  t.ok(clock.monotonic() - begun < 60_000)
  t.match(logs.at(-1), /not in order; tried again/)
  engine.failures.start = []
  await recover()
  t.same(names(), ['metamcp running'])
  t.same(journal.recreations(), [])
})

t.test('nobody else starts what is being recreated', async (t) => {
  const { recovery, names, clock, container } = await end(stopped, 'after')
  await clock.drive(settleDebts({ ...recovery, docker: recovery.docker }))
  t.same(names(), ['metamcp created', `metamcp.pidwarden-${container.id.slice(0, 12)} exited`])
})

/** What an earlier run, that is over, owes to a container: its stop was never answered. */
function owe(
  { journal, addRun }: SimulatedPidwarden,
  { id, name, startedAt: life }: SimulatedContainer,
): void {
  const run = addRun({ id, name } as SimulatedContainer, { playbook: 'restart' })
  journal.startRun(run.id)
  const step = journal.addStep(run.id, 'restart-container')
  journal.intend(step, [{ kind: 'stop', life }])
  journal.endRun(run.id, { outcome: 'failed', reason: 'action_failed' })
}

t.test('nor to pay an old debt, until it is over', async (t) => {
  const setting = await end(stopped, 'after')
  const { recovery, recover, clock, container, journal, names, logs } = setting
  const aside = `metamcp.pidwarden-${container.id.slice(0, 12)}`
  owe(setting, container)
  const runner = { ...recovery.runner, knows: () => false }
  const before = logs.length
  t.equal(await clock.drive(settleDebts({ ...recovery, runner })), 1, 'it is still owed')
  t.same(names(), ['metamcp created', `${aside} exited`])
  t.equal(logs.length, before, 'and that is nothing to worry about')
  await recover()
  t.equal(await clock.drive(settleDebts({ ...recovery, runner })), 0)
  t.same([journal.debts(), names()], [[], ['metamcp running']])
})

t.test('nor what a debt waits for when the recreation begins', async (t) => {
  const pidwarden = createPidwarden({ yaml })
  const { host, engine, ports, clock, journal, runner, logger: log, perform } = pidwarden
  const { container, duplicate } = addGateway(host, engine, 'metamcp', optedIn)
  duplicate(10)
  const { id } = addGateway(host, engine, 'sidecar', optedIn).container
  const sidecar = engine.containers.get(id)!
  sidecar.networkOf = container.id
  for (const one of [container, sidecar]) owe(pidwarden, one)
  const paying = settleDebts({ journal, docker: engine.docker, clock, runner, log })
  const { stop } = ports.docker
  const docker = {
    ...ports.docker,
    async stop(one: string, grace: number) {
      await stop(one, grace)
      // Time enough for whoever looks whether it has ended.
      await clock.sleep(9000)
    },
  }
  Object.assign(ports, { docker })
  const { ending } = await perform(container, { playbook: 'recreate' })
  await clock.drive(paying)
  t.equal(ending.outcome, 'fixed')
  t.same(
    host.effects.filter((one) => one.startsWith('start')),
    ['start metamcp', 'start sidecar'],
    'the new ones alone',
  )
})

t.test('a run at work looks after its own', async (t) => {
  const { recovery, clock, host } = await end(started, 'after')
  const done = [...host.effects]
  await clock.drive(settleRecreations({ ...recovery, runner: { knows: () => true } }))
  t.same(host.effects, done)
})

t.test('the old container was removed by somebody: what was made stays', async (t) => {
  const { recover, names, engine, container, journal } = await end(started, 'after')
  engine.remove(container)
  await recover()
  t.same(names(), ['metamcp running'])
  t.same(journal.recreations(), [])
})

t.test('the new container was removed by somebody: the old one is not', async (t) => {
  const { recover, engine, container, find, journal, logs } = await end(removed, 'before')
  engine.remove(find('metamcp')!)
  await recover()
  t.ok(engine.containers.has(container.id))
  t.same(journal.recreations(), [])
  t.match(logs.at(-1), /may be left over/)
})

t.test('somebody has put another container in its place: it is left alone', async (t) => {
  const { recover, names, engine, host, container, journal } = await end(renamed, 'after')
  addGateway(host, engine, 'metamcp')
  await recover()
  t.same(names(), ['metamcp running', `metamcp.pidwarden-${container.id.slice(0, 12)} running`])
  t.same(journal.recreations(), [])
})

t.test('a container of the name that has run is nobody that was made here', async (t) => {
  const { recover, names, find, container, journal, engine } = await end(created, 'after')
  t.equal(journal.recreations()[0]?.effects.find(({ kind }) => kind === 'create')?.result, undefined)
  engine.run(find('metamcp')!)
  await recover()
  t.same(names(), ['metamcp running', `metamcp.pidwarden-${container.id.slice(0, 12)} running`])
})

t.test('started by the engine meanwhile, without its networks: it gets them first', async (t) => {
  const { recover, names, engine, container, networks, Networks, journal } = await end(disconnected, 'after')
  engine.run(container)
  await recover()
  t.same(names(), ['metamcp running'])
  t.same(Object.keys(await networks()).sort(), Object.keys(Networks).sort())
  t.same(journal.recreations(), [])
})

t.test('started by somebody meanwhile, and ended again by itself: that is not to be mended', async (t) => {
  const { recover, names, engine, container, journal } = await end(stopped, 'after')
  engine.run(container)
  engine.halt(container)
  await recover()
  t.same(names(), ['metamcp exited'])
  t.same(journal.recreations(), [])
})

t.test('a disk that has no room: it is back all the same, and written down later', async (t) => {
  const { recover, names, database, journal, logs } = await end(disconnected, 'after')
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON effects BEGIN SELECT RAISE(ABORT, 'disk is full'); END`)
  await recover()
  t.same(names(), ['metamcp running'])
  t.match(logs.at(-1), /journal could not be written/)
  t.equal(journal.recreations().length, 1)
  database.exec('DROP TRIGGER full')
  await recover()
  t.same(journal.recreations(), [])
})
