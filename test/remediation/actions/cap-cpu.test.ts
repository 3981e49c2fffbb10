import t from 'tap'
import { settleTemporaries } from '../../../src/remediation/recover.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

/** The host has 8 cores: critical begins at 6.4, warning at 4.8. */
const relieve = { playbook: 'relieve-cpu', tier: 'critical', resource: 'cpu' }

/** A container that uses as much CPU as it gets, up to `demand` cores, and was looked at before. */
async function setUp({ demand = 7.5, yaml = '' } = {}) {
  const pidwarden = createPidwarden({ yaml })
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
  t.match(ending, { outcome: 'fixed', reason: 'cleared', detail: /cpu 7\.5 -> 4\b/ })
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
  t.match((await perform(container, relieve)).ending, { outcome: 'fixed' })
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
    t.match((await perform(container, relieve)).ending, { outcome: 'fixed' })
    t.same(limits(), [`limit metamcp ${expected}`], `with${parameters}`)
  }
  const { perform, container, limits } = await setUp({ yaml: playbook(', with: { hold: 0 }') })
  await perform(container, relieve)
  t.same(limits(), ['limit metamcp cpu=2.16', 'limit metamcp cpu=-1'], 'or until the run is over')
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
