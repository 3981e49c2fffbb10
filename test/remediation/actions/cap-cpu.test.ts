import t from 'tap'
import { order } from '../../../src/remediation/order.ts'
import { settleTemporaries } from '../../../src/remediation/recover.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../../support/simulated-pidwarden.ts'

/** The host has 8 cores: critical begins at 6.4, warning at 4.8. */
const relieve = { playbook: 'relieve-cpu', tier: 'critical', resource: 'cpu' }

/** A container that uses as much CPU as it gets, up to `demand` cores, and was looked at before. */
async function setUp({ demand = 7.5, yaml = '', restrained = false } = {}) {
  const pidwarden = createPidwarden({ yaml, restrained })
  const { host, engine, clock, observer, ports, runner, logger: log } = pidwarden
  const gateway = addGateway(host, engine)
  const { container } = gateway
  const { read } = host.cgroups
  const use = { demand, seconds: 0, at: clock.monotonic() }
  host.cgroups.read = (paths) => {
    const reading = read(paths)
    const { cpuLimit = Number.POSITIVE_INFINITY } = reading
    use.seconds += (Math.min(use.demand, cpuLimit) * (clock.monotonic() - use.at)) / 1000
    use.at = clock.monotonic()
    return { ...reading, cpuTotal: use.seconds }
  }
  observer.observe(container)
  clock.advance(5000)
  const calm = new Map()
  return {
    ...pidwarden,
    ...gateway,
    use,
    limits: () => host.effects.filter((effect) => effect.startsWith('limit')),
    settle: () => clock.drive(settleTemporaries({ ...ports, runner, log, calm })),
    tierNow: () => {
      clock.advance(2000)
      const { thresholds, census } = observer.observe(container)
      return { thresholds: thresholds.cpu, cpu: census.kind === 'value' ? census.value.cpu : undefined }
    },
  }
}

t.test('a busy process that is not leaked is slowed down, and nobody is killed', async (t) => {
  const { perform, container, host, limits, journal, settle, clock, tierNow, use } = await setUp()
  const { ending, story } = await perform(container, relieve)
  t.match(ending, {
    outcome: 'improved',
    reason: 'capped',
    detail: /cpu 7\.5 -> 4, .* under a cap of 4 cores/,
  })
  t.same(limits(), ['limit metamcp cpu=4'], 'half of the host, for it has no limit of its own')
  t.same(host.signals, [])
  t.match(story.steps.at(-1), {
    action: 'cap-cpu',
    plan: [{ container: 'metamcp', coresInUse: 7.5, limitNow: 'none', limit: 4, note: 'kept for 600 s' }],
    effects: [{ kind: 'cap', limits: { cpu: 4 }, limitsBefore: { cpu: -1 }, result: 'done' }],
  })

  await settle()
  t.equal(limits().length, 1, 'it outlives the run')
  const { thresholds, cpu } = tierNow()
  t.match(thresholds, { warning: { at: 4.8 }, critical: { at: 6.4 } }, 'no tier moves with it')
  t.equal(cpu, 4, 'so that it is below all of them')
  t.match((await perform(container, relieve)).ending, { reason: 'tier_not_reached' })

  clock.advance(600_000)
  use.demand = 0.1
  await settle()
  t.same(limits(), ['limit metamcp cpu=4', 'limit metamcp cpu=-1'])
  t.equal(host.cgroupFiles.get(container.id)?.cpuLimit, undefined, 'and the kernel has none again')
  t.same(journal.temporaries(), [])
})

t.test('a limit that there was comes back exactly', async (t) => {
  const { perform, container, engine, host, limits, settle, clock } = await setUp()
  await engine.docker.update(container.id, { cpu: 1.5 })
  host.effects.length = 0
  clock.advance(5000)
  t.match((await perform(container, relieve)).ending, { reason: 'capped' })
  t.same(limits(), ['limit metamcp cpu=0.75'])
  clock.advance(600_000)
  await settle()
  t.same(limits(), ['limit metamcp cpu=0.75', 'limit metamcp cpu=1.5'])
  t.equal(container.limits.cpu, 1.5)
})

t.test('how much is left is as the playbook says, or else below the lowest tier', async (t) => {
  const playbook = (parameters: string) => `
policy: { thresholds: { cpu: { warning: '30%', critical: '70%' } } }
playbooks:
  - name: relieve-cpu
    description: its own
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: cap-cpu${parameters}, goal: below-tier, wait: 5, onMiss: escalate }
`
  for (const [parameters, expected] of [
    ['', 'cpu=2.16'],
    [', with: { share: 0.25 }', 'cpu=2'],
    [', with: { cores: 1.234 }', 'cpu=1.23'],
    [', with: { share: 0.01 }', 'cpu=0.08'],
    [', with: { cores: 0.05 }', 'cpu=0.05'],
  ]) {
    const { perform, container, limits } = await setUp({ yaml: playbook(parameters ?? '') })
    t.match((await perform(container, relieve)).ending, { reason: 'capped' })
    t.same(limits(), [`limit metamcp ${expected}`], `with${parameters}`)
  }
  const { perform, container, limits } = await setUp({ yaml: playbook(', with: { hold: 0 }') })
  t.match((await perform(container, relieve)).ending, { reason: 'capped' })
  t.same(limits(), ['limit metamcp cpu=2.16', 'limit metamcp cpu=-1'], 'or until the run is over')
})

t.test(
  'as often as a person orders it, it is a share of the limit of its own, and lasts longer',
  async (t) => {
    const { ports, runner, clock, container, limits, journal, engine, settle } = await setUp({
      yaml: `
playbooks:
  - name: calm
    description: its own
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: cap-cpu, goal: below-tier, onMiss: stop }
`,
    })
    await engine.docker.update(container.id, { cpu: 4 })
    const playbook = ports.playbooks().find('calm')
    if (playbook === undefined) throw new Error('no playbook')
    const over = async (runId: string): Promise<void> => {
      while (journal.run(runId)?.state !== 'done') await clock.sleep(1000)
    }
    const orderOnce = async () => {
      clock.advance(60_000)
      const placed = await clock.drive(order(playbook, container, false, { runs: ports, runner }))
      if (placed.kind !== 'queued') throw new Error(`${placed.kind} instead of queued`)
      await clock.drive(over(placed.runId))
      return journal.story(placed.runId)?.steps.at(-1)
    }
    const plans: unknown[] = []
    for (let time = 0; time < 5; time++) {
      const step = await orderOnce()
      plans.push(step?.plan)
    }
    t.match(plans[4], [{ limitNow: 2, limit: 2 }])
    t.same(new Set(limits()), new Set(['limit metamcp cpu=4', 'limit metamcp cpu=2']))
    t.same(journal.temporaries().at(-1)?.limitsBefore, { cpu: 4 })
    clock.advance(400_000)
    await settle()
    t.equal(limits().at(-1), 'limit metamcp cpu=2', 'the last order counts')
    clock.advance(200_000)
    await settle()
    t.equal(limits().at(-1), 'limit metamcp cpu=4')
    t.same(journal.temporaries(), [])
  },
)

t.test('a person who orders it gets the cap where the CPU is busy, and where it is not, none', async (t) => {
  for (const [demand, caps] of [
    [7.5, ['limit metamcp cpu=4']],
    [1, []],
  ] as const) {
    const { ports, runner, clock, container, limits, journal } = await setUp({ demand })
    const playbook = ports.playbooks().find('relieve-cpu')
    if (playbook === undefined) throw new Error('there is no such playbook')
    const placed = await clock.drive(order(playbook, container, false, { runs: ports, runner }))
    if (placed.kind !== 'queued') throw new Error(`${placed.kind} instead of queued`)
    await clock.until(() => journal.run(placed.runId)?.state === 'done')
    t.same(limits(), caps)
    t.equal(journal.run(placed.runId)?.resource, 'cpu')
  }
})

/** Fires the alert once the cap that there was is over, and its cause is not. */
async function fireAgain(setting: Awaited<ReturnType<typeof setUp>>) {
  const { clock, receive, container, journal, observer, settle } = setting
  clock.advance(601_000)
  await settle()
  for (let look = 0; look < 2; look++) {
    observer.observe(container)
    clock.advance(2000)
  }
  const fingerprint = `cpu ${clock.now()}`
  const labels = { alertname: 'PidwardenCpuCritical', ...relieve }
  t.match(receive(alertAbout(container, labels, { fingerprint })), [{ verdict: 'queued' }])
  await clock.until(() => journal.openRuns().length === 0)
  return journal.recentRuns(1)[0]?.ending
}

t.test('capped again and again within a day: people have to find out why', async (t) => {
  const setting = await setUp({ restrained: true })
  const { journal, clock, perform, container, duplicate } = setting
  t.match(await fireAgain(setting), { outcome: 'improved', reason: 'capped' })
  t.match(await fireAgain(setting), { outcome: 'improved', reason: 'capped' })
  t.match(journal.incidents.open(), [{ manual: undefined }])
  const ending = await fireAgain(setting)
  t.match(ending, { outcome: 'improved', reason: 'capped_again', detail: /3 times within a day/ })
  t.match(journal.incidents.open(), [{ level: 5, manual: { reason: /capped 3 times within a day/ } }])
  t.match(await fireAgain(setting), { reason: 'manual_intervention' })

  journal.release('metamcp')
  t.match(await fireAgain(setting), { reason: 'capped' }, 'what was before a person released it is history')
  clock.advance(86_400_000)
  t.match(await fireAgain(setting), { reason: 'capped' }, 'and what was a day ago')
  duplicate(60)
  const other = { playbook: 'contain', tier: 'emergency', resource: 'duplicates' }
  t.match((await perform(container, other)).ending, { outcome: 'fixed' })
})

t.test('many caps spend nothing that another playbook needs', async (t) => {
  const setting = await setUp({
    restrained: true,
    yaml: 'remediation: { budgets: [{ scope: container, within: 86400, runs: 2 }] }',
  })
  const { perform, container, duplicate, journal } = setting
  t.match(await fireAgain(setting), { reason: 'capped' })
  t.match(await fireAgain(setting), { reason: 'capped' })
  t.match(await fireAgain(setting), { reason: 'budget' })
  t.same(
    journal.deeds(0).map(({ gentle }) => gentle),
    [true, true],
  )
  duplicate(60)
  const other = { playbook: 'contain', tier: 'emergency', resource: 'duplicates' }
  t.match((await perform(container, other)).ending, { outcome: 'fixed' })
  t.equal(journal.deeds(0).at(-1)?.gentle, undefined, 'one that ends somebody')
})

t.test('an incident is not over while the cap stands', async (t) => {
  const setting = await setUp()
  const { watch, metrics, clock, journal, settle, use } = setting
  t.match(await fireAgain(setting), { reason: 'capped' })
  use.demand = 0.1
  const watchFor = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += 10) {
      await metrics.render()
      await settle()
      await clock.drive(watch.look())
      clock.advance(10_000)
    }
  }
  const [incident] = journal.incidents.open()
  if (incident === undefined) throw new Error('no incident')
  await watchFor(580)
  t.match(watch.standing(incident).waitsFor, /capped/)
  await watchFor(580)
  t.equal(journal.incidents.open().length, 1)
  await watchFor(60)
  t.same(journal.incidents.open(), [])
})

t.test('where less is allowed already, where it got well, and where nothing is held', async (t) => {
  const capOnly = {
    yaml: `
playbooks:
  - name: relieve-cpu
    description: its own
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: cap-cpu, with: { cores: 2 }, goal: below-tier, wait: 5, onMiss: escalate }
`,
  }
  const already = await setUp(capOnly)
  await already.engine.docker.update(already.container.id, { cpu: 1 })
  already.clock.advance(5000)
  already.host.effects.length = 0
  const { story } = await already.perform(already.container, relieve)
  t.match(story.steps.at(-1)?.ending, { outcome: 'skipped', reason: 'already_limited' })
  t.same(already.limits(), [])

  const deaf = await setUp(capOnly)
  deaf.engine.deafKernel = true
  const run = await deaf.perform(deaf.container, relieve)
  t.match(run.story.steps.at(-1)?.ending, {
    reason: 'limit_not_enforced',
    detail: 'the CPU was limited to 2 cores, and the kernel holds none',
  })
  t.not(run.ending.outcome, 'fixed')

  const well = await setUp()
  well.duplicate(1)
  const { signalPort } = well.host
  const { open } = signalPort
  signalPort.open = (pid) => {
    well.use.demand = 0.1
    return open(pid)
  }
  t.match((await well.perform(well.container, relieve)).ending, { outcome: 'fixed' })
  t.same(well.limits(), [], 'one that was leaked was it, and it is ended')
})

t.test('what got well before is not capped', async (t) => {
  const { perform, container, limits, orphan, host, use } = await setUp({
    yaml: `
playbooks:
  - name: relieve-cpu
    description: its own
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: kill-orphans, onMiss: next }
      - { action: cap-cpu, goal: below-tier, onMiss: escalate }
`,
  })
  orphan(1)
  const { open } = host.signalPort
  host.signalPort.open = (pid) => {
    use.demand = 0.1
    return open(pid)
  }
  const { story } = await perform(container, relieve)
  t.match(story.steps.at(-1), { action: 'cap-cpu', ending: { reason: 'tier_not_reached' } })
  t.same(limits(), [])
})

t.test('without a measurement nothing is capped', async (t) => {
  const { perform, container, limits, host } = await setUp()
  host.cgroups.read = () => ({ pids: 5 })
  t.match((await perform(container, relieve)).ending, { outcome: 'unknown', reason: 'census_unknown' })
  t.same(limits(), [])
})

t.test('after a crash it goes when its time is over', async (t) => {
  const { addRun, container, journal, engine, clock, settle, limits, host } = await setUp()
  const run = addRun(container, relieve)
  journal.startRun(run.id)
  journal.intend(journal.addStep(run.id, 'cap-cpu'), [
    { kind: 'cap', limits: { cpu: 4 }, limitsBefore: { cpu: -1 }, until: clock.now() + 600_000 },
  ])
  await engine.docker.update(container.id, { cpu: 4 })
  host.effects.length = 0
  await settle()
  t.same(limits(), [])
  clock.advance(600_000)
  await settle()
  t.same(limits(), ['limit metamcp cpu=-1'])
})
