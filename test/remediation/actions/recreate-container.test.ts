import t from 'tap'
import type { HostConfig } from '../../../src/host/builder.ts'
import { DockerError } from '../../../src/host/docker.ts'
import { order } from '../../../src/remediation/order.ts'
import { settleTemporaries } from '../../../src/remediation/recover.ts'
import { execute } from '../../../src/remediation/run.ts'
import { failing, type Mishap } from '../../support/failing-engine.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../../support/simulated-pidwarden.ts'

const optedIn = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic', 'pidwarden.recreate': 'true' }
const wanted = { playbook: 'recreate', tier: 'critical' }
const yaml =
  'policy: { thresholds: { duplicates: { critical: { at: 5, playbook: recreate } } }, limits: { pids: 77 } }'

/** A leaking gateway in two networks, that is recreated at critical. */
function setUp({
  labels = optedIn as Record<string, string>,
  mishap,
}: {
  labels?: Record<string, string>
  mishap?: Mishap
} = {}) {
  const pidwarden = createPidwarden({ yaml })
  const { host, engine, simulated, ports } = pidwarden
  const gateway = addGateway(host, engine, 'metamcp', labels)
  gateway.duplicate(10)
  const Networks = { net: { IPAMConfig: { IPv4Address: '10.0.0.7' } }, bridge: {} }
  simulated.make(gateway.container, { HostConfig: { NetworkMode: 'net' }, Networks })
  const failed = failing(ports.docker, ports.builder, mishap)
  Object.assign(ports, { docker: failed.docker, builder: failed.builder })
  return {
    ...pidwarden,
    ...gateway,
    calls: failed.calls,
    /** A container in its network, or in another namespace of it. */
    dependent(name: string, own: Record<string, string>, HostConfig?: HostConfig) {
      const { container } = addGateway(host, engine, name, own)
      if (HostConfig === undefined) container.networkOf = gateway.container.id
      else simulated.make(container, { HostConfig })
      return container
    },
    names: () => [...engine.containers.values()].map(({ name, state }) => `${name} ${state}`).sort(),
  }
}

t.test('renamed, made, stopped, started, seen, removed', async (t) => {
  const { perform, container, host, engine, journal } = setUp()
  const { ending, story } = await perform(container, wanted)
  t.match(ending, { outcome: 'fixed', reason: 'cleared', detail: /duplicates 10 -> 0/ })
  const aside = `metamcp.pidwarden-${container.id.slice(0, 12)}`
  t.same(host.effects, [
    `rename metamcp ${aside}`,
    'create metamcp',
    'connect metamcp bridge',
    `stop ${aside} 10`,
    `disconnect ${aside} net`,
    'start metamcp',
    `remove ${aside}`,
  ])
  const [successor] = engine.containers.values()
  t.match(successor, { name: 'metamcp', state: 'running', labels: optedIn, limits: { pids: 77 } })
  t.not(successor?.id, container.id)
  const step = story.steps.at(-1)
  const own = { containerId: undefined }
  const other = { containerId: successor?.id }
  t.match(step?.effects, [
    { kind: 'rename', object: aside, details: { name: 'metamcp' }, ...own },
    { kind: 'create', object: 'metamcp', result: successor?.id, ...own },
    { kind: 'connect', object: 'bridge', ...other },
    { kind: 'stop', details: { life: container.startedAt, running: true }, life: undefined, ...own },
    { kind: 'disconnect', object: 'net', details: { settings: { IPAMConfig: { IPv4Address: '10.0.0.7' } } } },
    { kind: 'start', ...other },
    { kind: 'remove', result: 'done', ...own },
  ])
  t.equal((step?.endedAt ?? 0) - (step?.startedAt ?? 0), 10_000, 'after it has stayed up')
  t.match(step?.plan, [
    {
      container: 'metamcp',
      writtenBytes: 4096,
      networks: ['net', 'bridge'],
      limits: { PidsLimit: 77 },
      refusals: [],
      note: /clients of the container are disconnected.*lost/,
    },
  ])
  t.same([journal.recreations(), journal.debts()], [[], []], 'and nothing is open')
  t.equal(journal.restartsSince('metamcp', 0), 1, 'it counts as a restart')
})

t.test('the run, its incident and what follows go on with the new container', async (t) => {
  const steps = ['action: recreate-container, onMiss: next', 'action: restart-container, onMiss: escalate']
  const own = `{ name: own, description: x, steps: [{ action: collect-evidence, onMiss: next }, ${steps.map((one) => `{ ${one} }`).join(', ')}] }`
  const rules =
    '{ warning: false, critical: { at: 1, playbook: own }, emergency: { at: 1, playbook: again }, nuclear: false }'
  const again =
    '{ name: again, description: x, steps: [{ action: collect-evidence, onMiss: next }, { action: restart-container, onMiss: escalate }] }'
  const { host, engine, journal, receive, runner, clock } = createPidwarden({
    yaml: `policy: { thresholds: { processes: ${rules} } }\nplaybooks: [${own}, ${again}]`,
  })
  const { container } = addGateway(host, engine, 'metamcp', optedIn)
  receive(alertAbout(container, { playbook: 'own', resource: 'processes' }))
  await clock.until(() => runner.inProgress().length === 0)
  const [successor] = engine.containers.values()
  t.not(successor?.id, container.id)
  const runs = journal.recentRuns(10)
  t.match(runs, [
    { containerId: successor?.id, playbook: 'again' },
    { containerId: container.id, playbook: 'own' },
  ])
  const containerId = successor?.id
  t.match(
    journal.story(runs[1]?.id ?? '')?.steps.at(-1)?.effects,
    [
      { kind: 'stop', containerId },
      { kind: 'start', containerId },
    ],
    'what is done later is told as done to the new one',
  )
  t.match(journal.incidents.open(), [{ containerId: successor?.id, name: 'metamcp' }])
  t.equal(journal.restartsSince('metamcp', 0), 3, 'recreated, and restarted by both runs')
})

t.test('a dry run says what it would do, and does nothing', async (t) => {
  const labels = { ...optedIn, 'pidwarden.mode': 'dry-run' }
  const { perform, container, host, dependent } = setUp({ labels })
  dependent('sidecar', {})
  const { ending, story } = await perform(container, wanted)
  t.equal(ending.outcome, 'dry_run')
  t.match(story.steps.at(-1)?.plan, [
    { image: 'metamcp:1', refusals: [/^sidecar, which shares a namespace/] },
  ])
  t.same(host.effects, [])
})

type Setting = ReturnType<typeof setUp>

const refusals: readonly [string, (setting: Setting) => void, RegExp][] = [
  [
    'not allowed',
    ({ container }) => (container.labels = { ...optedIn, 'pidwarden.recreate': 'false' }),
    /policy does not allow/,
  ],
  ['--rm', ({ container }) => (container.autoRemove = true), /--rm/],
  ['a task of Swarm', ({ container }) => (container.swarmTask = true), /Swarm/],
  [
    'of a pod',
    ({ container }) => (container.labels = { ...optedIn, 'io.kubernetes.pod.name': 'x' }),
    /Kubernetes/,
  ],
  [
    'without its image',
    ({ simulated }) => {
      for (const image of ['metamcp:1', 'sha256:metamcp']) simulated.images.set(image, undefined)
    },
    /image was removed/,
  ],
  [
    'the name is taken',
    ({ host, engine, container }) =>
      addGateway(host, engine, `metamcp.pidwarden-${container.id.slice(0, 12)}`),
    /remove or rename that one/,
  ],
  [
    'a dependent that has not opted in',
    ({ dependent }) => dependent('sidecar', {}),
    /sidecar.*has not opted in/,
  ],
  [
    'one that only enforces',
    ({ dependent }) => dependent('sidecar', { 'pidwarden.mode': 'enforce' }),
    /sidecar.*has not opted in/,
  ],
  [
    'one in its PID namespace',
    ({ dependent }) => dependent('debugger', {}, { PidMode: 'container:metamcp' }),
    /debugger.*has not opted in/,
  ],
  [
    'one that is paused',
    ({ dependent }) => (dependent('sidecar', optedIn).state = 'paused'),
    /sidecar.*is paused/,
  ],
  [
    'one with --rm',
    ({ dependent }) => (dependent('sidecar', optedIn).autoRemove = true),
    /sidecar.*cannot be recreated.*--rm/,
  ],
  [
    'one that shares it in turn',
    ({ dependent }) => {
      const { id } = dependent('sidecar', optedIn)
      dependent('further', {}, { IpcMode: `container:${id}` })
    },
    /sidecar.*with further in turn/,
  ],
  [
    'one that was left over',
    ({ dependent }) => {
      const sidecar = dependent('sidecar', optedIn)
      sidecar.name = `sidecar.pidwarden-${sidecar.id.slice(0, 12)}`
    },
    /left over from an earlier recreation/,
  ],
  [
    'one that is part of pidwarden',
    ({ dependent }) => dependent('proxy', { ...optedIn, 'pidwarden.stack': 'true' }),
    /proxy.*part of pidwarden/,
  ],
  [
    'linked to',
    ({ dependent }) => dependent('web', {}, { Links: ['/metamcp:/web/m'] }),
    /web has a link to it/,
  ],
  [
    'in the network of what is gone',
    ({ simulated, container }) =>
      simulated.make(container, { HostConfig: { NetworkMode: 'container:gone' } }),
    /shares a namespace of gone, which does not run/,
  ],
]
for (const [what, change, detail] of refusals) {
  t.test(`never recreated: ${what}`, async (t) => {
    const setting = setUp()
    change(setting)
    const { ending, story } = await setting.perform(setting.container, wanted)
    t.match(ending, { outcome: 'skipped', reason: 'unsafe_recreate', detail })
    t.same(setting.host.effects, [])
    t.same(story.steps.at(-1)?.effects, [])
  })
}

t.test('what cannot be read may be what stands against it', async (t) => {
  const { perform, container, host, ports } = setUp()
  const { blueprint } = ports.builder
  ports.builder.list = async () => ['locked']
  ports.builder.blueprint = async (id, size) => {
    if (id === 'locked') throw new DockerError('timeout', 'no answer')
    return blueprint(id, size)
  }
  t.match((await perform(container, wanted)).ending, { outcome: 'unknown', reason: 'docker_unreachable' })
  t.same(host.effects, [])
})

t.test('a dependent that has opted in is recreated with it; one that does not run is told', async (t) => {
  const { perform, container, host, engine, dependent, names, journal } = setUp()
  const sidecar = dependent('sidecar', optedIn)
  engine.halt(dependent('old', {}))
  const { ending, story } = await perform(container, wanted)
  t.equal(ending.outcome, 'fixed')
  t.match(story.steps.at(-1)?.plan, [{ dependents: ['sidecar'], stranded: ['old'] }])
  t.same(names(), ['metamcp running', 'old exited', 'sidecar running'])
  const [main, side] = ['metamcp', 'sidecar'].map((one) =>
    [...engine.containers.values()].find(({ name }) => name === one),
  )
  t.equal(side?.networkOf, main?.id)
  t.not(side?.id, sidecar.id)
  const order = host.effects
    .filter((one) => /^(stop|start|remove)/.test(one))
    .map((one) => one.replace(/\.pidwarden-\w+/, ''))
  t.same(order, [
    'stop sidecar 10',
    'stop metamcp 10',
    'start metamcp',
    'start sidecar',
    'remove sidecar',
    'remove metamcp',
  ])
  t.equal(journal.restartsSince('metamcp', 0), 1)
  t.same(journal.recreations(), [])
})

t.test('whatever goes wrong with one of several, all of them come back', async (t) => {
  const count = 12
  for (let at = 1; at <= count; at++) {
    for (const when of ['before', 'after'] as const) {
      const error = new DockerError(when === 'before' ? 'failed' : 'timeout', 'no luck')
      const { perform, container, dependent, names, calls, journal, engine, simulated } = setUp({
        mishap: { at, when, error },
      })
      const sidecar = dependent('sidecar', optedIn)
      const before = await simulated.builder.blueprint(container.id)
      const { ending } = await perform(container, wanted)
      const what = `${calls[at - 1]} (${at}) ${when}`
      t.same(names(), ['metamcp running', 'sidecar running'], what)
      t.same(journal.recreations(), [], what)
      if (calls[at - 1] === 'remove') {
        t.equal(ending.outcome, 'fixed', what)
        continue
      }
      t.match(
        ending,
        { outcome: 'failed', reason: 'action_failed', detail: /no luck; the old container is as it was/ },
        what,
      )
      t.ok(engine.containers.has(container.id) && engine.containers.has(sidecar.id), what)
      t.same((await simulated.builder.blueprint(container.id)).Networks, before.Networks, what)
    }
  }
})

for (const [what, change, detail] of [
  ['ends', ({ engine }: Setting, id: string) => engine.halt(engine.containers.get(id)!), /has ended: exited/],
  [
    'restarts by itself',
    ({ engine }: Setting, id: string) => Object.assign(engine.containers.get(id)!, { restarts: 1 }),
    /has ended: running.*restarted 1 times/,
  ],
  [
    'becomes unhealthy',
    ({ engine }: Setting, id: string) => Object.assign(engine.containers.get(id)!, { health: 'unhealthy' }),
    /not well after 60 s.*unhealthy/,
  ],
  [
    'stays in doubt longer than its health check takes',
    ({ engine }: Setting, id: string) => Object.assign(engine.containers.get(id)!, { health: 'starting' }),
    /not well after 120 s.*starting/,
  ],
  [
    'is removed',
    ({ engine }: Setting, id: string) => engine.remove(engine.containers.get(id)!),
    /has ended: it was removed/,
  ],
] as const) {
  t.test(`a new container that ${what} makes place for the old one`, async (t) => {
    const setting = setUp()
    const { perform, container, ports, names } = setting
    const { start } = ports.docker
    const docker = {
      ...ports.docker,
      start: async (id: string) => {
        await start(id)
        if (id !== container.id) change(setting, id)
      },
    }
    Object.assign(ports, { docker })
    const { ending } = await perform(container, wanted)
    t.match(ending, { outcome: 'failed', reason: 'action_failed', detail })
    t.match(ending.detail, /the old container is as it was/)
    t.same(names(), ['metamcp running'])
    t.ok(setting.engine.containers.has(container.id))
  })
}

t.test('an engine that would make it otherwise is not let stop anything', async (t) => {
  const { perform, container, host, ports } = setUp()
  const { create } = ports.builder
  const builder = {
    ...ports.builder,
    blueprint: ports.builder.blueprint,
    create: (name: string, { HostConfig, ...rest }: Parameters<typeof create>[1]) =>
      create(name, { ...rest, HostConfig: { ...HostConfig, Privileged: true } }),
  }
  Object.assign(ports, { builder })
  const { ending } = await perform(container, wanted)
  t.match(ending, {
    outcome: 'failed',
    detail: /otherwise than it is: HostConfig.Privileged; the old container is as it was/,
  })
  t.notOk(host.effects.some((one) => one.startsWith('stop')))
})

t.test('a run that is cancelled at any moment takes everything back', async (t) => {
  for (let at = 1; at <= 6; at++) {
    const setting = setUp()
    const { container, ports, names, journal, addRun, clock } = setting
    const cancel = new AbortController()
    const wrapped = failing(ports.docker, ports.builder, undefined, (count) => {
      if (count === at) cancel.abort(new Error('superseded'))
    })
    Object.assign(ports, { docker: wrapped.docker, builder: wrapped.builder })
    await clock.drive(execute(addRun(container, wanted), ports, cancel.signal))
    const what = `at ${wrapped.calls[at - 1]} (${at})`
    t.same(names(), ['metamcp running'], what)
    t.ok(setting.engine.containers.has(container.id), what)
    t.same(journal.recreations(), [], what)
  }
})

t.test('a disk that has no room keeps nothing from coming back', async (t) => {
  for (const kind of ['rename', 'create', 'connect', 'stop', 'disconnect', 'start', 'remove']) {
    const { perform, container, database, names, engine, journal } = setUp()
    const on = `INSERT ON effects WHEN new.kind = '${kind}'`
    database.exec(`CREATE TRIGGER full BEFORE ${on} BEGIN SELECT RAISE(ABORT, 'disk is full'); END`)
    const { ending } = await perform(container, wanted)
    t.match(ending, { outcome: 'failed', detail: /disk is full/ }, kind)
    t.same(names(), ['metamcp running'], kind)
    t.ok(engine.containers.has(container.id), kind)
    database.exec('DROP TRIGGER full')
    t.ok(journal.recreations().length <= 1, kind)
  }
})

t.test('restarts of the last hour are its budget as well', async (t) => {
  const { perform, container, settings, host } = setUp()
  settings.restartsPerHour = 0
  t.match((await perform(container, wanted)).ending, { outcome: 'skipped', reason: 'restart_budget' })
  t.same(host.effects, [])
})

t.test('one that got well meanwhile is left alone', async (t) => {
  const { perform, container, host, ports } = setUp()
  const { list } = ports.builder
  Object.assign(ports, {
    builder: {
      ...ports.builder,
      list: () => {
        for (const { pid, argv } of host.processes.values())
          if (argv[0] === 'npm exec mcp-memory') host.end(pid)
        for (const one of [...host.processes.values()])
          if (/mcp-memory/.test(one.argv.join(' '))) host.end(one.pid)
        return list()
      },
    },
  })
  const { ending } = await perform(container, wanted)
  t.match(ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  t.same(host.effects, [])
})

t.test('what was done for a while ends with the old container', async (t) => {
  const own =
    '{ name: own, description: x, steps: [{ action: collect-evidence, onMiss: next }, { action: clamp-pids, onMiss: next }, { action: recreate-container, onMiss: stop }] }'
  const { host, engine, perform, journal } = createPidwarden({
    yaml: `policy: { thresholds: { duplicates: { critical: { at: 5, playbook: own } } } }\nplaybooks: [${own}]`,
  })
  const { container, duplicate } = addGateway(host, engine, 'metamcp', optedIn)
  container.limits = { pids: 400 }
  host.cgroupFiles.set(container.id, { pidsLimit: 400 })
  duplicate(10)
  const { story } = await perform(container, { playbook: 'own', tier: 'critical' })
  t.match(story.steps[1]?.effects, [
    { kind: 'clamp', limitsBefore: { pids: 400 } },
    { kind: 'unclamp', result: 'gone' },
  ])
  const [successor] = engine.containers.values()
  t.not(successor?.id, container.id)
  t.match(successor?.limits, { pids: 400 })
  t.same(journal.temporaries(), [])
})

/** A gateway that an earlier run holds with a clamp and a cap, and what is done between the survey and the creation. */
function heldGateway(labels = optedIn) {
  const setting = setUp({ labels })
  const { container, host, journal, addRun, clock, ports, engine } = setting
  container.limits = { pids: 60, cpu: 0.5 }
  host.cgroupFiles.set(container.id, { pidsLimit: 60, pids: 40, cpuLimit: 0.5 })
  const run = addRun(container)
  journal.startRun(run.id)
  const step = journal.addStep(run.id, 'clamp-pids')
  for (const [kind, limits, limitsBefore] of [
    ['clamp', { pids: 60 }, { pids: 500 }],
    ['cap', { cpu: 0.5 }, { cpu: 2 }],
  ] as const) {
    const until = clock.now() + 1
    const [id = 0] = journal.intend(step, [{ kind, containerId: container.id, limits, limitsBefore, until }])
    journal.complete([{ id, result: 'done' }])
  }
  journal.endRun(run.id, { outcome: 'improved', reason: 'still_above' })
  clock.advance(10)
  const runner = { ...setting.runner, knows: () => false }
  return {
    ...setting,
    meanwhile(what: () => Promise<unknown>, at: 'rename' | 'blueprint' = 'rename') {
      const { rename, blueprint } = ports.builder
      let renamed = false
      const builder = {
        ...ports.builder,
        async rename(id: string, name: string) {
          if (at === 'rename') await what()
          renamed = true
          return rename(id, name)
        },
        async blueprint(id: string, size?: boolean) {
          const found = await blueprint(id, size)
          if (at === 'blueprint' && renamed && id === container.id) await what()
          return found
        },
      }
      Object.assign(ports, { builder })
    },
    lift: () =>
      settleTemporaries({ ...ports, docker: engine.docker, runner, log: setting.logger, calm: new Map() }),
  }
}

for (const at of [undefined, 'rename', 'blueprint'] as const) {
  const when = at === undefined ? 'never' : `at its ${at}`
  t.test(`a clamp is never for good, be it taken back in the middle of a recreation: ${when}`, async (t) => {
    const { engine, perform, container, meanwhile, lift, host } = heldGateway()
    if (at !== undefined) meanwhile(lift, at)
    t.equal((await perform(container, wanted)).ending.outcome, 'fixed')
    const [successor] = engine.containers.values()
    t.match(successor, { name: 'metamcp', limits: { pids: 500, cpu: 2 } })
    t.not(successor?.id, container.id)
    t.equal(host.effects.includes('limit metamcp 500'), at === 'rename')
  })
}

t.test('what somebody changes while it is looked at is not undone', async (t) => {
  for (const [what, field] of [
    [{ pids: 300 }, 'HostConfig.PidsLimit'],
    [{ memory: 1e9 }, 'HostConfig.Memory'],
    [{ labels: { more: '1' } }, 'Config.Labels'],
    [{ Networks: { net: {}, bridge: {} } }, 'Networks'],
  ] as const) {
    const { perform, container, meanwhile, host, names, engine, simulated } = heldGateway()
    meanwhile(async () => {
      if ('labels' in what) container.labels = { ...optedIn, ...what.labels }
      else if ('Networks' in what) simulated.make(container, { HostConfig: { NetworkMode: 'net' }, ...what })
      else container.limits = { ...container.limits, ...what }
    })
    const { ending } = await perform(container, wanted)
    const detail = new RegExp(`changed meanwhile: .*${field}.*; the old container is as it was`)
    t.match(ending, { outcome: 'failed', reason: 'action_failed', detail })
    t.same(names(), ['metamcp running'])
    t.ok(engine.containers.has(container.id))
    t.notOk(host.effects.some((one) => /^(create|stop)/.test(one)))
  }
})

t.test('one without a health check has to stay up for a while before the old one goes', async (t) => {
  const { perform, container, clock, ports, engine, names } = setUp()
  const { start } = ports.docker
  const docker = {
    ...ports.docker,
    async start(id: string) {
      await start(id)
      clock.sleep(8000).then(
        () => id !== container.id && engine.halt(engine.containers.get(id)!),
        () => {},
      )
    },
  }
  Object.assign(ports, { docker })
  const { ending } = await perform(container, wanted)
  t.match(ending, { outcome: 'failed', detail: /has ended: exited.*the old container is as it was/ })
  t.same(names(), ['metamcp running'])
  t.ok(engine.containers.has(container.id))
})

t.test('while one recreation is not over there is no other', async (t) => {
  const { perform, container, journal, host } = setUp()
  const recreation = { runId: 'x', stepId: 99, containerId: 'y', name: 'metamcp', effects: [] }
  Object.assign(journal, { recreations: () => [recreation] })
  const { ending } = await perform(container, wanted)
  t.match(ending, { reason: 'unsafe_recreate', detail: /an earlier recreation of it is not over/ })
  t.same(host.effects, [])
})

/** A person orders a playbook; `prepare` is what there is before. */
async function ordered(name: string, prepare: (setting: Ordered) => void) {
  const setting = orderable()
  prepare(setting)
  const { ports, runner, clock, journal, container } = setting
  const playbook = ports.playbooks().find(name)
  if (playbook === undefined) throw new Error('there is no such playbook')
  const what = await order(playbook, container, false, { runs: ports, runner })
  if (what.kind !== 'queued') throw new Error(what.kind)
  await clock.until(() => journal.run(what.runId)?.state === 'done')
  const story = journal.story(what.runId)
  return { ...setting, steps: story?.steps.map(({ action }) => action) ?? [], ending: story?.ending }
}

/** The shipped thresholds, on a container that may be recreated. */
function orderable() {
  const pidwarden = createPidwarden()
  return { ...pidwarden, ...addGateway(pidwarden.host, pidwarden.engine, 'metamcp', optedIn) }
}
type Ordered = ReturnType<typeof orderable>

const listening = { listens: { kind: 'value', value: true } } as const

for (const copies of [0, 10])
  t.test(`an ordered restart that helps is no recreation; ${copies} copies before`, async (t) => {
    const { steps, host, ending } = await ordered('restart', ({ duplicate }) => duplicate(copies, listening))
    t.equal(ending?.outcome, 'fixed')
    t.equal(steps.at(-1), 'restart-container')
    t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
  })

t.test('an ordered restart that leaves it ill, or does not help, is followed by a recreation', async (t) => {
  const ill = await ordered('restart', ({ engine, container }) => {
    engine.onStopped = () => {
      container.health = 'unhealthy'
    }
  })
  t.match(ill.steps.slice(-2), ['restart-container', 'recreate-container'])
  t.ok(ill.host.effects.includes('create metamcp'))
  const leaking = await ordered('restart', ({ engine, container, duplicate }) => {
    const run = engine.run.bind(engine)
    engine.run = (one) => {
      run(one)
      if (one === container) duplicate(10, listening)
    }
    duplicate(10, listening)
  })
  t.match(leaking.steps.slice(-2), ['restart-container', 'recreate-container'])
  t.ok(leaking.host.effects.includes('create metamcp'))
})

t.test('an ordered recreation is one, though the container is well', async (t) => {
  const { host, ending } = await ordered('recreate', () => {})
  t.equal(ending?.outcome, 'fixed')
  t.ok(host.effects.includes('create metamcp'))
})

t.test('one that got well and is ill for another reason is left alone', async (t) => {
  const { perform, container, host, ports } = setUp()
  container.health = 'unhealthy'
  const { list } = ports.builder
  const builder = {
    ...ports.builder,
    list: () => {
      const copies = [...host.processes.values()].filter(({ argv }) => /mcp-memory/.test(argv.join(' ')))
      for (const { pid } of copies) host.end(pid)
      return list()
    },
  }
  Object.assign(ports, { builder })
  t.match((await perform(container, wanted)).ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  t.same(host.effects, [])
})
