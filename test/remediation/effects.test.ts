import t from 'tap'
import { createEffects, DryRunError, type SignalTarget } from '../../src/remediation/effects.ts'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import type { SimulatedProcess } from '../support/simulated-host.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** A container with one copy too many, and the effects of a run on it. */
function setUp({ dryRun = false } = {}) {
  const pidwarden = createPidwarden()
  const { host, engine, ports, journal, addRun } = pidwarden
  const farm = addGateway(host, engine)
  const [copy] = farm.duplicate(1)
  const { wrapper, shell, leaf } = copy!
  const stepId = journal.addStep(addRun(farm.container).id, 'kill-duplicates')
  const bounds = {
    cgroupPath: `/system.slice/docker-${farm.container.id}.scope`,
    forbidden: new Set([farm.container.pid]),
  }
  return {
    ...pidwarden,
    ...farm,
    wrapper,
    shell,
    leaf,
    stepId,
    bounds,
    effectsPort: createEffects(ports, dryRun),
    kept: () => journal.story('run-1')?.steps[0]?.effects ?? [],
  }
}

const target = ({ pid, startTicks, argv }: SimulatedProcess): SignalTarget => ({
  pid,
  startTicks,
  argv,
  command: 'node mcp-memory',
})

t.test('signals in the given order; intent and result are kept', async (t) => {
  const { effectsPort, host, stepId, wrapper, shell, leaf, bounds, kept } = setUp()
  const results = effectsPort.signal(stepId, [leaf, shell, wrapper].map(target), 'SIGTERM', bounds)
  t.same(results, ['sent', 'sent', 'sent'])
  t.same(host.effects, [`SIGTERM ${leaf.pid}`, `SIGTERM ${shell.pid}`, `SIGTERM ${wrapper.pid}`])
  t.match(kept(), [
    { kind: 'signal', pid: leaf.pid, startTicks: leaf.startTicks, signal: 'SIGTERM', result: 'sent' },
    { kind: 'signal', pid: shell.pid, signal: 'SIGTERM', result: 'sent' },
    { kind: 'signal', pid: wrapper.pid, command: 'node mcp-memory', result: 'sent' },
  ])
})

t.test('the intent is on file before the effect', async (t) => {
  const { effectsPort, host, stepId, leaf, bounds, kept } = setUp()
  let seen: unknown
  host.beforeOpen = () => {
    seen = kept()
  }
  effectsPort.signal(stepId, [target(leaf)], 'SIGKILL', bounds)
  t.match(seen, [{ kind: 'signal', pid: leaf.pid, signal: 'SIGKILL', result: undefined }])
})

t.test('without a journal nothing is sent and nothing stopped', async (t) => {
  const { effectsPort, host, stepId, leaf, bounds, journal, container } = setUp()
  journal.close()
  t.throws(() => effectsPort.signal(stepId, [target(leaf)], 'SIGTERM', bounds))
  await t.rejects(effectsPort.stop(stepId, container, 10))
  t.same(host.effects, [])
})

t.test('what was stopped is started, journal or not; that it could not be written is told', async (t) => {
  const { effectsPort, host, stepId, journal, container, clock } = setUp()
  const { id, startedAt } = container
  await effectsPort.stop(stepId, container, 10)
  journal.close()
  await t.rejects(clock.drive(effectsPort.start(stepId, { id, startedAt }, 10_000)), /database/)
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
  t.equal(container.state, 'running')
})

t.test('a dry run is refused at the port, whatever is asked for', async (t) => {
  const { effectsPort, host, stepId, leaf, bounds, container, kept } = setUp({ dryRun: true })
  t.throws(() => effectsPort.signal(stepId, [target(leaf)], 'SIGTERM', bounds), DryRunError)
  await t.rejects(effectsPort.stop(stepId, container, 10), DryRunError)
  await t.rejects(effectsPort.start(stepId, container, 10_000), DryRunError)
  t.same(host.effects, [])
  t.same(kept(), [], 'there was not even the intent')
})

type Setting = ReturnType<typeof setUp>
for (const [name, happens, result] of [
  ['the process has ended', ({ host, leaf }: Setting) => host.end(leaf.pid), 'gone'],
  ['its pid is another process now', ({ host, leaf }: Setting) => host.reuse(leaf.pid), 'changed'],
  ['it ran another program meanwhile', ({ leaf }: Setting) => (leaf.argv = ['postgres']), 'changed'],
  ['it is a zombie', ({ leaf }: Setting) => (leaf.state = 'Z'), 'gone'],
  [
    'it is in the cgroup of another container',
    ({ leaf }: Setting) => (leaf.cgroup = `0::/system.slice/docker-${'b'.repeat(64)}.scope`),
    'changed',
  ],
  [
    'it is in a cgroup whose name only begins alike',
    ({ leaf }: Setting) => (leaf.cgroup = `${leaf.cgroup}2`),
    'changed',
  ],
  [
    'it is in a cgroup below that of the container',
    ({ leaf }: Setting) => (leaf.cgroup = `${leaf.cgroup}/worker`),
    'sent',
  ],
  [
    'the cgroup is one of several hierarchies',
    ({ leaf }: Setting) => (leaf.cgroup = `12:pids:${leaf.cgroup.slice(3)}\n1:name=systemd:/elsewhere`),
    'sent',
  ],
] as const) {
  t.test(`between plan and signal: ${name}`, async (t) => {
    const setting = setUp()
    const { effectsPort, host, stepId, leaf, bounds, kept } = setting
    const planned = target(leaf)
    // At the very last moment: after the intent, before the process is pinned.
    host.beforeOpen = () => {
      happens(setting)
      host.beforeOpen = () => {}
    }
    t.same(effectsPort.signal(stepId, [planned], 'SIGTERM', bounds), [result])
    t.same(host.effects, result === 'sent' ? [`SIGTERM ${planned.pid}`] : [], 'nobody else is hit')
    t.match(kept(), [{ result }])
  })
}

t.test('a pid that is reused once the process was pinned does not get the signal', async (t) => {
  const { effectsPort, host, stepId, leaf, bounds, ports } = setUp()
  const planned = target(leaf)
  const { open } = ports.signals
  const signals = {
    open(pid: number) {
      const handle = open(pid)
      host.reuse(pid)
      return handle
    },
  }
  const port = createEffects({ ...ports, signals }, false)
  t.same(port.signal(stepId, [planned], 'SIGTERM', bounds), ['changed'])
  t.same(effectsPort.signal(stepId, [planned], 'SIGTERM', bounds), ['changed'])
  t.same(host.effects, [])
})

t.test('the init is forbidden, and the others still get theirs', async (t) => {
  const { effectsPort, host, stepId, leaf, bounds, container } = setUp()
  const init = host.processes.get(container.pid)!
  t.same(effectsPort.signal(stepId, [target(init), target(leaf)], 'SIGKILL', bounds), ['forbidden', 'sent'])
  t.same(host.effects, [`SIGKILL ${leaf.pid}`])
})

t.test('what the kernel refuses is kept with its error', async (t) => {
  const { effectsPort, host, stepId, leaf, bounds, kept } = setUp()
  host.sendError = Object.assign(new Error('pidfd_send_signal: EPERM'), { code: 'EPERM' })
  t.same(effectsPort.signal(stepId, [target(leaf)], 'SIGTERM', bounds), ['failed: pidfd_send_signal: EPERM'])
  t.match(kept(), [{ result: 'failed: pidfd_send_signal: EPERM' }])
})

t.test('stop and start of a container are kept with their results', async (t) => {
  const { effectsPort, host, engine, stepId, container, kept, clock } = setUp()
  const { id, startedAt } = container
  await effectsPort.stop(stepId, container, 7)
  t.equal(await clock.drive(effectsPort.start(stepId, { id, startedAt }, 10_000)), 'running')
  engine.failures.stop.push(unreachable())
  await t.rejects(effectsPort.stop(stepId, container, 7), { code: 'unreachable' })
  t.same(host.effects, ['stop metamcp 7', 'start metamcp'])
  t.match(kept(), [
    { kind: 'stop', result: 'done', life: startedAt },
    { kind: 'start', result: 'done' },
    { kind: 'stop', result: /^failed: connect ENOENT/, life: container.startedAt },
  ])
})

for (const [name, happens, result, text] of [
  ['removed', ({ engine, container }: Setting) => engine.remove(container), 'gone', 'gone'],
  [
    'started by somebody else, and ended again',
    ({ engine, container }: Setting) => {
      engine.run(container)
      engine.halt(container)
    },
    'ended_since',
    'ended_since',
  ],
  [
    'Docker does not start it',
    ({ engine }: Setting) => engine.failures.start.push(...Array.from({ length: 9 }, unreachable)),
    { failed: /^connect ENOENT/ },
    /^failed: connect ENOENT/,
  ],
] as const) {
  t.test(`a start that brought nothing up is not done: ${name}`, async (t) => {
    const setting = setUp()
    const { effectsPort, stepId, container, kept, clock } = setting
    const { id, startedAt } = container
    await effectsPort.stop(stepId, container, 7)
    happens(setting)
    t.match(await clock.drive(effectsPort.start(stepId, { id, startedAt }, 10_000)), result)
    t.match(kept(), [{ kind: 'stop' }, { kind: 'start', result: text }])
    t.match(setting.journal.debts(), [{ containerId: id, life: startedAt }], 'it is looked after later')
  })
}
