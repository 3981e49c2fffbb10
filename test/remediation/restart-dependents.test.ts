import t from 'tap'
import { DockerError } from '../../src/host/docker.ts'
import { RunStop } from '../../src/remediation/action.ts'
import { settleDebts } from '../../src/remediation/recover.ts'
import { execute } from '../../src/remediation/run.ts'
import { settleStrays } from '../../src/remediation/strays.ts'
import type { SimulatedContainer } from '../support/simulated-docker.ts'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { denied, value } from '../support/simulated-host.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

const enforce = { 'pidwarden.mode': 'enforce' }
const nuclear = { playbook: 'restart', tier: 'nuclear' }

/** A gateway that only a restart helps, and containers in its network. Each life of the gateway has a namespace anew. */
function setUp() {
  const pidwarden = createPidwarden()
  const { host, engine } = pidwarden
  const farm = addGateway(host, engine, 'vpn')
  let lives = 0
  const begin = engine.run.bind(engine)
  const join = (container: SimulatedContainer, network: string): void => {
    for (const process of host.processes.values())
      if (process.containerId === container.id) process.network = value(network)
  }
  engine.run = (container) => {
    begin(container)
    if (container === farm.container) lives++
    const shares = container === farm.container || container.networkOf === farm.container.id
    if (shares) join(container, `net:[${lives}]`)
  }
  join(farm.container, 'net:[0]')
  farm.duplicate(50, { listens: value(true) })
  return {
    ...pidwarden,
    ...farm,
    dependent(
      name: string,
      labels: Record<string, string> = enforce,
      record: Partial<SimulatedContainer> = {},
    ) {
      const { container } = addGateway(host, engine, name, labels)
      Object.assign(container, { networkOf: farm.container.id, ...record })
      join(container, 'net:[0]')
      return container
    },
  }
}

t.test('one that has opted in gets its network back', async (t) => {
  const { dependent, perform, container, host, engine, journal } = setUp()
  const app = dependent('app', enforce, { stopTimeout: 7, health: 'healthy' })
  addGateway(host, engine, 'elsewhere')
  const life = app.startedAt
  const { ending, story } = await perform(container, nuclear)
  t.match(ending, { outcome: 'fixed', reason: 'cleared' })
  t.same(host.effects, ['stop vpn 10', 'start vpn', 'stop app 7', 'start app'])
  t.same(host.procfs.networkNamespace(app.pid), host.procfs.networkNamespace(container.pid))
  const step = story.steps.at(-1)
  t.match(step?.effects, [
    { kind: 'stray', containerId: app.id, object: container.id, result: 'done' },
    { kind: 'stop', containerId: undefined },
    { kind: 'start', containerId: undefined },
    { kind: 'stop', containerId: app.id, life, result: 'done' },
    { kind: 'start', containerId: app.id, result: 'done' },
  ])
  t.match(step?.plan, [
    { container: 'vpn', dependents: [{ container: 'app', verdict: 'restart' }] },
    { dependents: [{ container: 'app', verdict: 'restart', reason: 'loses_its_network' }] },
  ])
  t.same([journal.debts(), journal.strays()], [[], []])
  t.equal(journal.restartsSince('vpn', 0), 1, 'what is restarted with it is no restart of its own')
})

for (const [what, labels, record, reason] of [
  ['has not opted in', {}, {}, 'not_enforced'],
  ['only plans', { 'pidwarden.mode': 'dry-run' }, {}, 'not_enforced'],
  ['is of the own stack', { ...enforce, 'pidwarden.stack': '' }, {}, 'own_stack'],
  ['was started with --rm', enforce, { autoRemove: true }, 'unsafe_restart'],
  ['is a task of Swarm', enforce, { swarmTask: true }, 'unsafe_restart'],
] as const) {
  t.test(`one that ${what} is left to people`, async (t) => {
    const { dependent, perform, container, host } = setUp()
    dependent('app', labels, record)
    const { ending, story } = await perform(container, nuclear)
    t.match(ending, { outcome: 'improved', reason: 'dependents_broken', detail: /app in its network/ })
    t.same(host.effects, ['stop vpn 10', 'start vpn'])
    t.match(story.steps.at(-1)?.plan, [{}, { dependents: [{ container: 'app', verdict: 'keep', reason }] }])
  })
}

t.test('one that was without it before, does not run, or cannot be told is not touched', async (t) => {
  const { dependent, perform, container, host } = setUp()
  const before = dependent('before')
  for (const one of host.in(before.id)) one.network = value('net:[77]')
  const stopped = dependent('stopped')
  Object.assign(stopped, { state: 'exited', pid: 0 })
  const dark = dependent('dark')
  for (const one of host.in(dark.id)) one.network = denied
  t.match((await perform(container, nuclear)).ending, { outcome: 'fixed' })
  t.same(host.effects, ['stop vpn 10', 'start vpn'])
})

t.test('one that runs pidwarden itself is not touched', async (t) => {
  const { dependent, perform, container, host, ports } = setUp()
  const app = dependent('app')
  host.spawn(app.id, { argv: ['node', 'pidwarden'], network: value('net:[0]') }, ports.ownPid)
  t.match((await perform(container, nuclear)).ending, { reason: 'dependents_broken' })
  t.same(host.effects, ['stop vpn 10', 'start vpn'])
})

t.test('one that somebody has restarted meanwhile is let be', async (t) => {
  const { dependent, perform, container, host, engine } = setUp()
  const app = dependent('app')
  const { refresh } = engine.inventory
  engine.inventory.refresh = (id) => {
    if (id === app.id && !host.effects.includes('stop app 10')) engine.run(app)
    return refresh(id)
  }
  t.match((await perform(container, nuclear)).ending, { outcome: 'fixed' })
  t.same(host.effects, ['stop vpn 10', 'start vpn'])
})

t.test('one that does not start does not keep the others down, and is a debt until it does', async (t) => {
  const { dependent, perform, container, host, engine, journal, clock, ports, runner, logger } = setUp()
  const [bad, good] = [dependent('bad'), dependent('good')]
  const { start } = engine.docker
  let broken = true
  engine.docker.start = async (id) => {
    if (id === bad.id && broken) throw new DockerError('failed', 'port is already allocated')
    return start(id)
  }
  const { ending, story } = await perform(container, nuclear)
  t.match(ending, { outcome: 'improved', reason: 'dependents_broken', detail: /bad in its network/ })
  t.equal(good.state, 'running')
  t.match(JSON.stringify(story.steps.at(-1)?.plan), /bad: does not run again: port is already allocated/)
  t.match(journal.debts(), [{ containerId: bad.id, ofOther: bad.id }])
  broken = false
  const debts = { journal, docker: ports.docker, clock, runner, log: logger }
  t.equal(await clock.drive(settleDebts(debts)), 0)
  t.equal(bad.state, 'running')
  t.same(journal.debts(), [])
  t.ok(host.effects.includes('start bad'))
})

t.test('pidwarden ends between stop and start: the dependent is started by the next', async (t) => {
  const { dependent, container, engine, journal, clock, ports, runner, logger, addRun } = setUp()
  const app = dependent('app')
  const run = addRun(container, nuclear)
  journal.startRun(run.id)
  const stepId = journal.addStep(run.id, 'restart-container')
  // The container itself is up again; what is of another must not be taken for paid by that.
  journal.intend(stepId, [{ kind: 'stop', life: 'earlier' }])
  journal.intend(stepId, [{ kind: 'stop', containerId: app.id, life: app.startedAt }])
  const [own] = journal.intend(stepId, [{ kind: 'start' }])
  journal.complete([{ id: own!, result: 'done' }])
  engine.halt(app)
  t.match(journal.debts(), [{ containerId: app.id, ofOther: app.id }])
  const debts = { journal, docker: ports.docker, clock, runner, log: logger }
  t.equal(await clock.drive(settleDebts(debts)), 0)
  t.equal(app.state, 'running')
  t.same(journal.debts(), [])
})

t.test('a dependent whose stop seems to fail is started all the same', async (t) => {
  const { dependent, perform, container, engine, host } = setUp()
  const app = dependent('app')
  engine.onStopped = () => {
    engine.failures.stop.push(unreachable())
  }
  await perform(container, nuclear)
  t.equal(app.state, 'running')
  t.same(host.effects.slice(0, 2), ['stop vpn 10', 'start vpn'])
})

t.test('they are restarted also when the container itself stays ill', async (t) => {
  const { dependent, perform, container, engine, host } = setUp()
  dependent('app')
  engine.onStopped = (one) => {
    if (one === container) container.health = 'unhealthy'
  }
  t.match((await perform(container, nuclear)).ending, { outcome: 'failed', detail: /running and unhealthy/ })
  t.same(host.effects, ['stop vpn 10', 'start vpn', 'stop app 10', 'start app'])
})

t.test('one that does not get well is told', async (t) => {
  const { dependent, perform, container, engine, settings } = setUp()
  settings.runDeadline = 3600
  const app = dependent('app', enforce, { health: 'healthy' })
  engine.onStopped = (one) => {
    if (one === app) app.health = 'unhealthy'
  }
  t.match((await perform(container, nuclear)).ending, { reason: 'dependents_broken', detail: /app in its/ })
})

/** What the pidwarden after this one does, again and again. */
async function settle({ ports, journal, clock, runner, logger }: Setting): Promise<void> {
  const { docker } = ports
  await clock.drive(settleDebts({ journal, docker, clock, runner, log: logger }))
  await clock.drive(settleStrays({ ...ports, runner, log: logger }))
}

type Setting = ReturnType<typeof setUp>

/** A restart in the middle of which pidwarden dies: nothing comes back from that call, nor is any other one heard. */
async function dieAt(setting: Setting, verb: 'stop' | 'start', done: boolean): Promise<void> {
  const { ports, container, addRun, clock, engine } = setting
  let die = (): void => {}
  const dead = new Promise<void>((resolve) => {
    die = resolve
  })
  const docker = {
    ...engine.docker,
    [verb]: async (id: string, grace: number) => {
      if (done) await engine.docker[verb](id, grace)
      die()
      return new Promise<void>(() => {})
    },
  }
  const run = execute(addRun(container, nuclear), { ...ports, docker }, new AbortController().signal)
  await clock.drive(Promise.race([run, dead]))
}

for (const [what, verb, done, effects] of [
  ['before the stop', 'stop', false, []],
  ['after the stop', 'stop', true, ['stop vpn 10', 'start vpn', 'stop app 10', 'start app']],
  ['before the start', 'start', false, ['stop vpn 10', 'start vpn', 'stop app 10', 'start app']],
  ['after the start', 'start', true, ['stop vpn 10', 'start vpn', 'stop app 10', 'start app']],
] as const) {
  t.test(`pidwarden ends ${what} of the container: the next gives the network back`, async (t) => {
    const setting = setUp()
    const { dependent, container, host, journal, clock } = setting
    const app = dependent('app')
    await dieAt(setting, verb, done)
    t.match(journal.strays(), [{ containerId: app.id, main: container.id, name: 'vpn' }])
    await settle(setting)
    // A stop that was asked for may come yet, for two minutes.
    clock.advance(200_000)
    await settle(setting)
    t.same(host.effects, effects)
    t.same(host.procfs.networkNamespace(app.pid), host.procfs.networkNamespace(container.pid))
    t.same([journal.debts(), journal.strays()], [[], []])
    t.equal(app.state, 'running')
  })
}

t.test(
  'pidwarden ends, and the stop that it has asked for comes later: nothing is settled before',
  async (t) => {
    const setting = setUp()
    const { dependent, container, host, engine, journal } = setting
    const app = dependent('app')
    await dieAt(setting, 'stop', false)
    await settle(setting)
    t.match(journal.strays(), [{ containerId: app.id }], 'it has its network yet')
    engine.halt(container)
    await settle(setting)
    t.same(host.effects, ['start vpn', 'stop app 10', 'start app'])
    t.same(journal.strays(), [])
  },
)

t.test('while there is no network to be had, it is waited for', async (t) => {
  const setting = setUp()
  const { dependent, container, engine, host, journal } = setting
  const app = dependent('app')
  await dieAt(setting, 'start', true)
  engine.halt(container)
  await settle(setting)
  t.match(journal.strays(), [{ containerId: app.id }])
  t.equal(app.state, 'running', 'it is not stopped for nothing')
  engine.run(container)
  await settle(setting)
  t.same(host.effects.slice(2), ['stop app 10', 'start app'])
  t.same(journal.strays(), [])
})

for (const [what, change, result] of [
  ['was removed', ({ engine }: Setting, app: SimulatedContainer) => engine.remove(app), 'gone'],
  ['was restarted by somebody', ({ engine }: Setting, app: SimulatedContainer) => engine.run(app), 'changed'],
  ['has ended', ({ engine }: Setting, app: SimulatedContainer) => engine.halt(app), 'changed'],
  ['lost what it was for', ({ engine, container }: Setting) => engine.remove(container), 'gone'],
  [
    'opted out since',
    (_: Setting, app: SimulatedContainer) => {
      app.labels = {}
    },
    'refused: not_enforced',
  ],
] as const) {
  t.test(`a stray that ${what} is let be`, async (t) => {
    const setting = setUp()
    const { dependent, host, journal, database } = setting
    const app = dependent('app')
    await dieAt(setting, 'start', true)
    change(setting, app)
    await settle(setting)
    t.same(host.effects, ['stop vpn 10', 'start vpn'])
    t.same(journal.strays(), [])
    t.match(database.prepare(`SELECT result FROM effects WHERE kind = 'stray'`).get(), { result })
  })
}

t.test('a stray whose namespace cannot be read stays one', async (t) => {
  const setting = setUp()
  const { dependent, host, journal } = setting
  const app = dependent('app')
  await dieAt(setting, 'start', true)
  for (const one of host.in(app.id)) one.network = denied
  await settle(setting)
  t.same(host.effects, ['stop vpn 10', 'start vpn'])
  t.match(journal.strays(), [{ containerId: app.id }])
})

t.test('a stray that cannot be stopped is tried again; one that cannot be started is a debt', async (t) => {
  const setting = setUp()
  const { dependent, engine, journal, clock } = setting
  const app = dependent('app')
  await dieAt(setting, 'start', true)
  engine.failures.stop.push(new DockerError('failed', 'stop: permission denied'))
  await settle(setting)
  t.match(journal.strays(), [{ containerId: app.id }])
  engine.onStopped = () => {
    engine.failures.start.push(...Array.from({ length: 5 }, unreachable))
  }
  clock.advance(200_000)
  await settle(setting)
  await settle(setting)
  t.equal(app.state, 'running')
  await settle(setting)
  t.same([journal.debts(), journal.strays()], [[], []])
})

for (const moment of ['stopped', 'started'] as const) {
  t.test(`a run that is cancelled when the container was ${moment} gives the network back`, async (t) => {
    const { dependent, perform, container, host, engine, ports, clock } = setUp()
    const app = dependent('app')
    const cancel = new AbortController()
    const end = (): void =>
      cancel.abort(new RunStop({ outcome: 'cancelled', reason: 'shutdown', detail: 'pidwarden was stopped' }))
    const { start } = engine.docker
    if (moment === 'stopped') engine.onStopped = end
    else
      Object.assign(ports.docker, {
        start: async (id: string) => {
          await start(id)
          end()
        },
      })
    container.health = 'starting'
    const { ending } = await perform(container, nuclear, cancel)
    t.match(ending, { outcome: 'cancelled', reason: 'shutdown' })
    t.same(host.effects, ['stop vpn 10', 'start vpn', 'stop app 10', 'start app'])
    t.same(host.procfs.networkNamespace(app.pid), host.procfs.networkNamespace(container.pid))
    t.ok(clock.monotonic() < 20_000, 'and nothing is waited for')
  })
}

t.test(
  'a stop that seems to fail, and ends the container all the same, costs nobody the network',
  async (t) => {
    const { dependent, perform, container, host, engine } = setUp()
    const app = dependent('app')
    engine.slowStop = 25_000
    engine.onStopped = () => {
      engine.slowStop = undefined
    }
    t.match((await perform(container, nuclear)).ending, { reason: 'docker_unreachable' })
    t.same(host.effects, ['stop vpn 10', 'start vpn', 'stop app 10', 'start app'])
    t.same(host.procfs.networkNamespace(app.pid), host.procfs.networkNamespace(container.pid))
  },
)

t.test('what cannot be written down is not done to anybody', async (t) => {
  const { dependent, perform, container, host, database } = setUp()
  dependent('app')
  const on = "INSERT ON effects WHEN new.kind = 'stray'"
  database.exec(`CREATE TRIGGER full BEFORE ${on} BEGIN SELECT RAISE(ABORT, 'disk is full'); END`)
  t.match((await perform(container, nuclear)).ending, { outcome: 'failed', detail: /nothing was done/ })
  t.same(host.effects, [])
})
