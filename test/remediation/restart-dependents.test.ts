import t from 'tap'
import { DockerError } from '../../src/host/docker.ts'
import { settleDebts } from '../../src/remediation/recover.ts'
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
  t.match(step?.effects.slice(2), [
    { kind: 'stop', containerId: app.id, life, result: 'done' },
    { kind: 'start', containerId: app.id, result: 'done' },
  ])
  t.match(step?.plan, [
    { container: 'vpn', dependents: [{ container: 'app', verdict: 'restart' }] },
    { dependents: [{ container: 'app', verdict: 'restart', reason: 'loses_its_network' }] },
  ])
  t.same(journal.debts(), [])
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
