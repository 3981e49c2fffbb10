import t from 'tap'
import { temporaryName } from '../../../src/host/aside.ts'
import { order } from '../../../src/remediation/order.ts'
import { settleRecreations } from '../../../src/remediation/recreate/recover.ts'
import { execute } from '../../../src/remediation/run.ts'
import { failing } from '../../support/failing-engine.ts'
import { bearer } from '../../support/problem.ts'
import { addGateway, pidsOf } from '../../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, token } from '../../support/simulated-pidwarden.ts'

/** What is protected, and what may be recreated, is told by the name of the container alone. */
const yaml = `
policy:
  mode: enforce
  profile: generic
  thresholds:
    duplicates: { critical: { at: 5, playbook: recreate } }
    processes: { warning: false, critical: { at: 10, playbook: cleanup } }
containers: [{ name: metamcp, policy: { recreate: true, protect: ['node mcp-memory'] } }]
`
const aboutProcesses = { playbook: 'cleanup', resource: 'processes' }

function setUp() {
  const pidwarden = createPidwarden({ yaml, restrained: true })
  const gateway = addGateway(pidwarden.host, pidwarden.engine, 'metamcp', {})
  const leaked = pidsOf(gateway.duplicate(12))
  const { host, journal, runner, clock } = pidwarden
  return {
    ...pidwarden,
    ...gateway,
    /** What has leaked ends by itself. */
    heal: () => {
      for (const pid of leaked) host.end(pid)
    },
    signals: () => host.effects.filter((one) => one.startsWith('SIG')),
    stories: () =>
      journal.recentRuns(10).map(({ name, playbook, ending }) => [name, playbook, ending?.reason]),
    over: () => clock.until(() => runner.inProgress().length === 0),
  }
}

/** A pidwarden that ended when the old container had made room, and `meanwhile` until the next one has put it in order. */
async function endAfterRename(meanwhile: (setting: ReturnType<typeof setUp>) => void = () => {}) {
  const setting = setUp()
  const { ports, clock, addRun, container, journal, logger: log, receive, over } = setting
  // Tells of an incident, as every alert does that anything is done on.
  receive(alertAbout(container, aboutProcesses))
  await over()
  const { docker, builder } = ports
  const dying = failing(docker, builder, { at: 1, when: 'after', error: undefined })
  const run = addRun(container, { playbook: 'recreate' })
  const execution = execute(
    run,
    { ...ports, docker: dying.docker, builder: dying.builder },
    new AbortController().signal,
  )
  await clock.drive(Promise.race([execution, dying.abandoned]))
  meanwhile(setting)
  const runner = { knows: () => false }
  return {
    ...setting,
    recover: () => clock.drive(settleRecreations({ docker, builder, clock, journal, log, runner })),
  }
}

t.test('nothing is done to a container that is being recreated', async (t) => {
  const { container, ports, receive, clock, runner, journal, signals, stories, over } = setUp()
  const { stop } = ports.docker
  const verdicts: unknown[] = []
  Object.assign(ports, {
    docker: {
      ...ports.docker,
      async stop(id: string, grace: number) {
        const alert = alertAbout(container, aboutProcesses, { fingerprint: 'another' })
        verdicts.push(receive(alert), runner.inProgress())
        await clock.sleep(9000)
        return stop(id, grace)
      },
    },
  })
  receive(alertAbout(container, { playbook: 'recreate' }))
  await clock.until(() => verdicts.length > 0)
  await over()
  t.match(verdicts, [[{ verdict: 'skipped', reason: 'being_recreated' }], ['metamcp']])
  t.same(stories(), [['metamcp', 'recreate', 'cleared']])
  t.same(signals(), [])
  t.match(journal.incidents.open(), [{ name: 'metamcp' }])
  t.equal(journal.incidents.open().length, 1)
})

t.test('nor to one that nobody has put in order yet: not by order, and not by what waited', async (t) => {
  const { container, ports, perform, runner, signals } = await endAfterRename()
  const playbook = ports.playbooks().find('cleanup')!
  for (const dryRun of [true, false]) {
    const ending = { outcome: 'skipped', reason: 'being_recreated', detail: /made anew/ }
    t.match(await order(playbook, container, dryRun, { runs: ports, runner }), { kind: 'refused', ending })
  }
  t.match((await perform(container, aboutProcesses)).ending, { reason: 'being_recreated' })
  t.same(signals(), [])
})

t.test('its policy is still that of its name', async (t) => {
  const { container, ports } = await endAfterRename()
  t.match(ports.policyOf({ ...container }), { recreate: true, protect: ['node mcp-memory'] })
})

t.test('a run that is at work on it while it is renamed ends there', async (t) => {
  const { container, ports, simulated, perform, signals } = setUp()
  let looks = 0
  const refresh = ports.inventory.refresh
  Object.assign(ports.inventory, {
    async refresh(id: string) {
      if (++looks === 2) await simulated.builder.rename(id, temporaryName(container))
      return refresh(id)
    },
  })
  t.match((await perform(container, aboutProcesses)).ending, {
    outcome: 'skipped',
    reason: 'being_recreated',
  })
  t.same(signals(), [])
})

t.test('both are told of, each by the name that it has', async (t) => {
  const { host, engine, container, metrics, app } = await endAfterRename()
  addGateway(host, engine, 'metamcp', {})
  const samples = (await metrics.render())
    .toString()
    .split('\n')
    .filter((line) => /^\w/.test(line))
  const series = samples.map((line) => line.slice(0, line.lastIndexOf(' ')))
  t.equal(new Set(series).size, series.length, 'no series twice: Prometheus would refuse the scrape')
  for (const name of ['metamcp', container.name])
    t.ok(series.includes(`pidwarden_container_processes{name="${name}"}`), name)
  const { containers } = (await app.inject({ url: '/api/containers', headers: bearer(token) })).json()
  t.match(containers, [
    { name: container.name, aside: 'metamcp' },
    { name: 'metamcp', aside: undefined },
  ])
})

t.test('an incident does not end because its container is nowhere, or well, by its own name', async (t) => {
  const { watch, clock, metrics, journal, engine, container, recover, heal } = await endAfterRename()
  const pass = async (): Promise<void> => {
    for (let look = 0; look < 100; look++) {
      await metrics.render()
      await watch.look()
      clock.advance(10_000)
    }
  }
  heal()
  await pass()
  t.match(journal.incidents.open(), [{ name: 'metamcp' }])
  engine.halt(container)
  await pass()
  t.match(journal.incidents.open(), [{ name: 'metamcp' }])
  engine.run(container)
  await recover()
  await pass()
  t.same(journal.incidents.open(), [])
})

t.test(
  'people are asked when somebody has put another container in its place, and both are left alone',
  async (t) => {
    const { container, receive, recover, journal, signals, logs } = await endAfterRename(({ host, engine }) =>
      addGateway(host, engine, 'metamcp', {}),
    )
    await recover()
    t.same(journal.recreations(), [])
    t.match(logs.at(-1), /may be left over/)
    t.match(journal.incidents.open(), [
      {
        name: 'metamcp',
        level: 5,
        manual: {
          reason: new RegExp(
            `another container in its place.*left over as ${temporaryName({ ...container, name: 'metamcp' })}`,
          ),
        },
      },
    ])
    const alert = alertAbout(container, aboutProcesses, { fingerprint: 'another' })
    t.match(receive(alert), [{ verdict: 'skipped', reason: 'being_recreated' }])
    t.same(signals(), [])
  },
)

t.test('also when it happens in the course of the run', async (t) => {
  const { container, host, engine, ports, receive, over, journal } = setUp()
  const { create } = ports.builder
  Object.assign(ports, {
    builder: {
      ...ports.builder,
      create: (...args: Parameters<typeof create>) => {
        addGateway(host, engine, 'metamcp', {})
        return create(...args)
      },
    },
  })
  receive(alertAbout(container, { playbook: 'recreate' }))
  await over()
  t.match(journal.incidents.open(), [{ level: 5, manual: { reason: /another container/ } }])
  t.ok(journal.recentRuns(10).every(({ name }) => name === 'metamcp'))
})
