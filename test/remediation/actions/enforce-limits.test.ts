import t from 'tap'
import { DockerError } from '../../../src/host/docker.ts'
import { order } from '../../../src/remediation/order.ts'
import { own, ownPlaybook } from '../../support/own-playbook.ts'
import { unreachable } from '../../support/simulated-docker.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

const [MiB, GiB] = [1024 ** 2, 1024 ** 3]
const enforce = { playbook: 'enforce-limits', tier: 'critical', resource: 'limits' }

/** A gateway with little to do, in a container without limits; an alert calls when one limit is not held. */
function setUp({ labels = {}, yaml = '' }: { labels?: Record<string, string>; yaml?: string } = {}) {
  const pidwarden = createPidwarden({ yaml })
  const gateway = addGateway(pidwarden.host, pidwarden.engine, 'metamcp', {
    'pidwarden.mode': 'enforce',
    'pidwarden.profile': 'generic',
    'pidwarden.thresholds.limits.critical': '1',
    ...labels,
  })
  const { container } = gateway
  const use = (memory: number): void => {
    const files = {
      memoryUsage: memory,
      memoryWorkingSet: memory,
      memoryDirty: 0,
      memorySwap: 0,
      oomKills: 0,
    }
    pidwarden.host.cgroupFiles.set(container.id, {
      ...pidwarden.host.cgroupFiles.get(container.id),
      ...files,
    })
  }
  use(76 * MiB)
  const kernel = () => pidwarden.host.cgroupFiles.get(container.id) ?? {}
  const configure = (limits: object) => pidwarden.engine.docker.update(container.id, limits)
  return {
    ...pidwarden,
    ...gateway,
    pidwarden,
    use,
    kernel,
    configure,
    perform: () => pidwarden.perform(container, enforce),
  }
}

type Setting = ReturnType<typeof setUp>
const stepOf = ({ story }: Awaited<ReturnType<Setting['perform']>>) =>
  story.steps.find(({ action }) => action === 'enforce-limits')
const resultsOf = (run: Awaited<ReturnType<Setting['perform']>>) =>
  ((stepOf(run)?.plan ?? []) as { results?: { limit: string; result: string }[] }[])
    .flatMap(({ results = [] }) => results)
    .map(({ limit, result }) => `${limit} ${result}`)

t.test('the limits of the policy are set, and the kernel holds them', async (t) => {
  const { perform, kernel, container, host } = setUp()
  const run = await perform()
  t.match(run.ending, {
    outcome: 'fixed',
    reason: 'limits_set',
    detail: /^set: memory reservation 1g, memory 4g, memory with swap 4g, CPUs 2, PIDs 100;/,
  })
  t.match(kernel(), {
    memoryLimit: 4 * GiB,
    memorySwapLimit: 4 * GiB,
    memoryReservation: GiB,
    cpuLimit: 2,
    pidsLimit: 100,
  })
  t.match(container.limits, { memory: 4 * GiB, pids: 100 })
  t.match(stepOf(run)?.effects, [
    {
      kind: 'limit',
      limits: { memoryReservation: GiB },
      limitsBefore: { memoryReservation: -1 },
      result: 'done',
    },
    {
      kind: 'limit',
      limits: { memory: 4 * GiB, memorySwap: 4 * GiB },
      limitsBefore: { memory: -1, memorySwap: -1 },
    },
    { kind: 'limit', limits: { cpu: 2 }, limitsBefore: { cpu: -1 } },
    { kind: 'limit', limits: { pids: 100 }, limitsBefore: { pids: -1 } },
  ])
  t.match(run.story, { before: { limits: 3 }, after: { limits: 0 } })
  t.ok(
    host.effects.every((effect) => effect.startsWith('limit')),
    'and they stay when the run is over',
  )
})

t.test('what is stricter already stays, and nothing to do is nothing done', async (t) => {
  const { perform, configure, kernel, host } = setUp()
  await configure({ memory: 2 * GiB, memorySwap: 2 * GiB, cpu: 1, memoryReservation: MiB })
  const run = await perform()
  t.match(run.ending, { outcome: 'fixed', reason: 'limits_set', detail: /^set: PIDs 100;/ })
  t.match(kernel(), { memoryLimit: 2 * GiB, cpuLimit: 1, pidsLimit: 100 })
  t.same(resultsOf(run), [
    'memoryReservation already',
    'memory already',
    'memorySwap already',
    'cpu already',
    'pids set',
  ])
  host.effects.length = 0
  t.match((await perform()).ending, { reason: 'tier_not_reached' })
  t.same(host.effects, [])
})

t.test('a limit below what is in use is refused with the figures; the others are set', async (t) => {
  const { perform, use, kernel, duplicate, host, container } = setUp()
  use(14.34 * GiB)
  duplicate(30)
  const run = await perform()
  t.match(run.ending, { outcome: 'improved', reason: 'unsafe_limit' })
  t.match(run.ending.detail, /refused: memory 4g, as it uses 14.3g, and needs room for 15.8g/)
  t.match(run.ending.detail, /refused: PIDs 100, as it has 95 tasks, and needs room for 119/)
  t.same(
    [kernel().memoryLimit, kernel().memorySwapLimit, kernel().pidsLimit],
    [undefined, undefined, undefined],
  )
  t.match(kernel(), { cpuLimit: 2, memoryReservation: GiB })
  t.same(host.signals, [])
  t.same(container.limits, { cpu: 2, memoryReservation: GiB })
})

t.test('where all are refused nothing is done', async (t) => {
  const labels = { 'pidwarden.limits.pids': '4', 'pidwarden.limits.cpus': '2' }
  const { perform, configure, host } = setUp({ labels })
  await configure({ memory: 2 * GiB, memorySwap: 2 * GiB, cpu: 1, memoryReservation: MiB })
  host.effects.length = 0
  const run = await perform()
  t.match(run.ending, {
    outcome: 'skipped',
    reason: 'unsafe_limit',
    detail: /refused: PIDs 4, as it has 5 tasks/,
  })
  t.same(host.effects, [])
})

t.test('the kernel has the last word, whatever Docker says', async (t) => {
  const { perform, engine, container } = setUp()
  engine.deafKernel = true
  const run = await perform()
  t.match(run.ending, {
    outcome: 'ineffective',
    reason: 'limit_not_enforced',
    detail: /PIDs was set to 100, and the kernel holds none/,
  })
  t.match(container.limits, { pids: 100 }, 'though it is configured')
  t.ok(resultsOf(run).includes('pids not held'))
})

t.test('a change that resets another limit: it is put back as it was', async (t) => {
  const { perform, configure, engine, host, container, kernel } = setUp()
  await configure({ pids: 60 })
  let resets = 0
  engine.onUpdated = () => {
    // systemd gives the unit its own TasksMax again.
    if (resets++ === 0) host.cgroupFiles.set(container.id, { ...kernel(), pidsLimit: 4915 })
  }
  const run = await perform()
  t.equal(kernel().pidsLimit, 60)
  t.match(run.ending, {
    outcome: 'fixed',
    reason: 'limits_set',
    detail: /PIDs 60 was reset by the change, and set again/,
  })
  t.match(stepOf(run)?.effects.at(-1), { kind: 'limit', limits: { pids: 60 }, limitsBefore: { pids: 60 } })
})

t.test('one that cannot be put back is told', async (t) => {
  const { perform, configure, engine, host, container, kernel } = setUp()
  await configure({ pids: 60 })
  engine.onUpdated = () => host.cgroupFiles.set(container.id, { ...kernel(), pidsLimit: 4915 })
  t.match((await perform()).ending, {
    outcome: 'ineffective',
    reason: 'limit_not_enforced',
    detail: /PIDs was 60, and the kernel holds 4915/,
  })
})

t.test('what somebody else changes meanwhile stays', async (t) => {
  const { perform, configure, engine, container, kernel, host } = setUp()
  await configure({ pids: 60 })
  let first = true
  engine.onUpdated = () => {
    if (!first) return
    first = false
    container.limits = { ...container.limits, pids: 90 }
    host.cgroupFiles.set(container.id, { ...kernel(), pidsLimit: 90 })
  }
  t.match((await perform()).ending, { outcome: 'fixed', reason: 'limits_set' })
  t.equal(kernel().pidsLimit, 90)
})

t.test('what Docker refuses keeps no other from being set', async (t) => {
  const { perform, engine, kernel } = setUp()
  engine.failures.update.push(new DockerError('failed', 'Docker answered 500: device or resource busy'))
  const run = await perform()
  t.match(run.ending, {
    outcome: 'ineffective',
    reason: 'limit_not_enforced',
    detail: /memory reservation not set: Docker answered 500: device or resource busy/,
  })
  t.match(kernel(), { memoryLimit: 4 * GiB, pidsLimit: 100 })
})

t.test('an engine that is away ends the run, and nothing is known', async (t) => {
  const { perform, engine } = setUp()
  engine.failures.update.push(unreachable())
  t.match((await perform()).ending, { outcome: 'unknown', reason: 'docker_unreachable' })
})

t.test('a process that was killed for memory meanwhile is told', async (t) => {
  const { perform, engine, host, container, kernel } = setUp()
  engine.onUpdated = () => host.cgroupFiles.set(container.id, { ...kernel(), oomKills: 1 })
  t.match((await perform()).ending.detail, /1 processes were killed for memory meanwhile/)
})

const clampedFirst = ownPlaybook([
  'action: clamp-pids, onMiss: next',
  'action: enforce-limits, goal: below-tier, onMiss: stop',
])

t.test('a clamp of the same run gives way to the limit, and its end does not undo it', async (t) => {
  // 20 tasks and room for 16: a clamp of 36.
  for (const pids of [100, 36]) {
    const setting = setUp({ yaml: clampedFirst, labels: { 'pidwarden.limits.pids': String(pids) } })
    setting.duplicate(5)
    const { story } = await setting.pidwarden.perform(setting.container, own)
    const effects = story.steps.find(({ action }) => action === 'clamp-pids')?.effects
    t.match(effects, [
      { kind: 'clamp', limits: { pids: 36 } },
      { kind: 'unclamp', limits: { pids }, result: 'changed' },
    ])
    t.equal(setting.kernel().pidsLimit, pids)
    t.equal(setting.container.limits.pids, pids)
    t.same(setting.journal.temporaries(), [])
  }
})

t.test('a limit that is refused leaves the clamp to its end', async (t) => {
  const setting = setUp({ yaml: clampedFirst, labels: { 'pidwarden.limits.pids': '22' } })
  setting.duplicate(5)
  const { story } = await setting.pidwarden.perform(setting.container, own)
  t.match(story.steps[1]?.effects, [
    { kind: 'clamp' },
    { kind: 'unclamp', limits: { pids: -1 }, result: 'done' },
  ])
  t.equal(setting.kernel().pidsLimit, undefined)
})

t.test('a cap that is to last is left alone', async (t) => {
  const { perform, journal, addRun, container, clock, configure, kernel } = setUp()
  const run = addRun(container)
  journal.startRun(run.id)
  const until = clock.now() + 600_000
  const step = journal.addStep(run.id, 'cap-cpu')
  const [effect = 0] = journal.intend(step, [
    { kind: 'cap', containerId: container.id, limits: { cpu: 1 }, limitsBefore: { cpu: -1 }, until },
  ])
  await configure({ cpu: 1 })
  journal.complete([{ id: effect, result: 'done' }])
  const { ending } = await perform()
  t.match(ending, {
    outcome: 'fixed',
    reason: 'limits_set',
    detail: /not now: CPUs 2, as a cap of 1 is in force/,
  })
  t.equal(kernel().cpuLimit, 1)
  t.match(journal.temporaries(), [{ kind: 'cap', limits: { cpu: 1 } }])
})

t.test('what only the definition can change is told, with the lines', async (t) => {
  const { perform, container, host } = setUp()
  container.logRotates = false
  container.labels = { ...container.labels, 'com.docker.compose.service': 'gateway' }
  const init = host.processes.get(container.pid)
  t.ok(init)
  Object.assign(init ?? {}, { argv: ['node', '/app/gateway.js'] })
  const run = await perform()
  t.match(
    run.ending.detail,
    /its definition lacks init, mem_limit, memswap_limit, mem_reservation, cpus, pids_limit, ulimits, logging: the plan has the lines$/,
  )
  t.match(stepOf(run)?.plan, [
    { composeService: 'gateway', composeLines: ['init: true', 'mem_limit: 4g', 'memswap_limit: 4g'] },
  ])
})

t.test('a container that is in order is told nothing', async (t) => {
  const { perform, container, configure } = setUp({ labels: { 'pidwarden.preset': 'fix' } })
  await configure({ memory: 4 * GiB, memorySwap: 4 * GiB, cpu: 2 })
  container.logRotates = true
  const run = await perform()
  t.match(run.ending.detail, /its definition lacks pids_limit: /, 'what is set now is not in its definition')
})

t.test('a dry run plans the same, and sets nothing', async (t) => {
  const { perform, host, container } = setUp({ labels: { 'pidwarden.mode': 'dry-run' } })
  const run = await perform()
  t.equal(run.ending.outcome, 'dry_run')
  t.match(stepOf(run)?.plan, [
    {
      limits: [
        { limit: 'memoryReservation', verdict: 'set', to: GiB },
        { limit: 'memory', verdict: 'set', to: 4 * GiB },
        { limit: 'memorySwap', verdict: 'set' },
        { limit: 'cpu', verdict: 'set', to: 2 },
        { limit: 'pids', verdict: 'set', to: 100 },
      ],
    },
  ])
  t.same(host.effects, [])
  t.same(container.limits, {})
})

t.test('a person who orders it is told what became of the limits, not of duplicates', async (t) => {
  for (const [deaf, ending] of [
    [false, { outcome: 'fixed', reason: 'limits_set' }],
    [true, { outcome: 'ineffective', reason: 'limit_not_enforced' }],
  ] as const) {
    const { ports, runner, clock, container, journal, engine, duplicate } = setUp({
      labels: { 'pidwarden.thresholds.limits.critical': 'off' },
    })
    engine.deafKernel = deaf
    duplicate(8)
    const playbook = ports.playbooks().find('enforce-limits')
    if (playbook === undefined) throw new Error('there is no such playbook')
    const ordered = await order(playbook, container, false, { runs: ports, runner })
    if (ordered.kind !== 'queued') throw new Error(ordered.kind)
    await clock.until(() => journal.run(ordered.runId)?.state === 'done')
    t.match(journal.run(ordered.runId)?.ending, ending)
  }
})

t.test('where all is as it should be, an order has nothing to do; a host without swap is told', async (t) => {
  const setting = setUp()
  const { ports, runner, clock, container, journal, configure, host, kernel } = setting
  const playbook = ports.playbooks().find('enforce-limits')
  if (playbook === undefined) throw new Error('there is no such playbook')
  const perform = async () => {
    const ordered = await order(playbook, container, false, { runs: ports, runner })
    if (ordered.kind !== 'queued') throw new Error(ordered.kind)
    await clock.until(() => journal.run(ordered.runId)?.state === 'done')
    return journal.run(ordered.runId)?.ending
  }
  await configure({ memory: GiB, memorySwap: GiB, cpu: 1, pids: 50 })
  t.match(await perform(), {
    outcome: 'skipped',
    reason: 'already_limited',
    detail: /^every limit is as strict already; its definition lacks ulimits/,
  })
  const { memorySwap: _accounted, memorySwapLimit: _limit, ...files } = kernel()
  host.cgroupFiles.set(container.id, files)
  t.match(await perform(), {
    reason: 'already_limited',
    detail: /not possible: memory with swap 4g, as the host/,
  })
})

t.test('what is refused now belongs into the definition all the same', async (t) => {
  const labels = {
    'pidwarden.preset': 'fix',
    'pidwarden.limits.memory': '100g',
    'pidwarden.limits.memorySwap': '1g',
  }
  const { perform, use } = setUp({ labels })
  use(200 * GiB)
  const run = await perform()
  t.match(run.ending.detail, /its definition lacks mem_limit, memswap_limit, cpus/)
})

t.test('for another resource the limits are only a means', async (t) => {
  const yaml = ownPlaybook(['action: enforce-limits, goal: below-tier, onMiss: stop'])
  const setting = setUp({ yaml })
  setting.duplicate(8)
  const { ending } = await setting.pidwarden.perform(setting.container, own)
  t.match(ending, { outcome: 'ineffective', reason: 'still_above', detail: /duplicates 8 -> 8/ })
  setting.use(8 * GiB)
  setting.duplicate(60)
  await setting.configure({ pids: -1, cpu: -1 })
  t.match((await setting.pidwarden.perform(setting.container, own)).ending, {
    outcome: 'ineffective',
    reason: 'unsafe_limit',
    detail: /duplicates 68 -> 68.*refused: PIDs 100/,
  })
})

t.test(
  'the stricter limits, where they are lower, and only after a restart if that is asked for',
  async (t) => {
    const yaml = ownPlaybook([
      'action: enforce-limits, with: { to: stricter, restartedWithin: 3600 }, goal: below-tier, onMiss: stop',
    ])
    const setting = setUp({ yaml, labels: { 'pidwarden.limits.memory': '1g' } })
    const { container, journal, addRun, kernel, clock, duplicate, pidwarden } = setting
    duplicate(5)
    const first = await pidwarden.perform(container, own)
    t.match(first.ending, { outcome: 'skipped', reason: 'first_explosion' })
    t.equal(kernel().pidsLimit, undefined)
    const run = addRun(container)
    journal.startRun(run.id)
    journal.intend(journal.addStep(run.id, 'restart-container'), [{ kind: 'stop', life: 'x' }])
    clock.advance(3_000_000)
    await pidwarden.perform(container, own)
    t.match(kernel(), { pidsLimit: 50, memoryLimit: GiB, memorySwapLimit: 2 * GiB, cpuLimit: 2 })
    clock.advance(3_000_000)
    t.match((await pidwarden.perform(container, own)).ending, { reason: 'first_explosion' }, 'too long ago')
  },
)
