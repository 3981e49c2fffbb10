import t from 'tap'
import { addGateway, type Gateway } from '../support/simulated-gateway.ts'
import { createPidwarden, type SimulatedPidwarden } from '../support/simulated-pidwarden.ts'

const GiB = 1024 ** 3

interface Setting extends SimulatedPidwarden, Gateway {
  /** What the memory of the container is from now on, of a limit of 1 GiB. */
  use(memory: number | undefined): void
}

function setUp(labels: Record<string, string> = {}): Setting {
  const pidwarden = createPidwarden()
  const farm = addGateway(pidwarden.host, pidwarden.engine, 'metamcp', {
    'pidwarden.mode': 'enforce',
    'pidwarden.profile': 'generic',
    ...labels,
  })
  return {
    ...pidwarden,
    ...farm,
    use(memory) {
      pidwarden.host.cgroupFiles.set(farm.container.id, {
        memoryLimit: GiB,
        ...(memory !== undefined && { memoryWorkingSet: memory }),
      })
    },
  }
}

const byMemory = { resource: 'memory', tier: 'critical', playbook: 'relieve-memory' }

t.test('memory: fixed when what was ended gave it back', async (t) => {
  const { duplicate, use, perform, container, host } = setUp()
  duplicate(4)
  use(GiB)
  host.onEnd = () => use(GiB / 2)
  const { ending, story } = await perform(container, byMemory)
  t.match(ending, { outcome: 'fixed', reason: 'cleared' })
  t.equal(ending.detail, `memory ${GiB} -> ${GiB / 2}, critical begins at ${Math.ceil(0.9 * GiB)}`)
  // Over as soon as the goal holds: the others stay.
  t.match(story, { before: { memory: GiB, duplicates: 4 }, after: { memory: GiB / 2, duplicates: 3 } })
})

t.test('memory: ineffective when duplicates went and it stayed', async (t) => {
  const { duplicate, use, perform, container } = setUp()
  duplicate(4)
  use(GiB)
  const { ending, story } = await perform(container, byMemory)
  t.match(ending, { outcome: 'ineffective', reason: 'still_above', detail: /^memory / })
  t.match(story.after, { duplicates: 0 })
})

t.test('memory: that it cannot be read any more proves nothing', async (t) => {
  const { duplicate, use, perform, container, host } = setUp()
  duplicate(4)
  use(GiB)
  host.onEnd = () => use(undefined)
  const { ending } = await perform(container, byMemory)
  t.match(ending, { outcome: 'unknown', reason: 'census_unknown', detail: 'memory could not be measured' })
})

t.test('pids: of the limit in force', async (t) => {
  const { duplicate, perform, container, host } = setUp()
  host.cgroupFiles.set(container.id, { pidsLimit: 40 })
  duplicate(10)
  const wanted = { resource: 'pids', tier: 'critical', playbook: 'cleanup' }
  // 35 tasks: critical begins at 36.
  t.match((await perform(container, wanted)).ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  t.same(host.effects, [])
  duplicate(1)
  const { ending } = await perform(container, wanted)
  t.match(ending, { outcome: 'fixed', detail: 'pids 38 -> 5, critical begins at 36' })
})

t.test('pids at nuclear: a container that holds what may not be ended is restarted', async (t) => {
  const { perform, container, host, gateway } = setUp()
  host.cgroupFiles.set(container.id, { pidsLimit: 100 })
  for (let i = 0; i < 95; i++) host.spawn(container.id, { ppid: gateway(), argv: ['git', `${i}`] })
  const { ending } = await perform(container, { playbook: 'restart', tier: 'nuclear', resource: 'pids' })
  t.match(ending, { outcome: 'fixed', reason: 'cleared', detail: 'pids 100 -> 5, nuclear begins at 100' })
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
})

for (const playbook of ['record', 'cleanup', 'restart']) {
  t.test(`cpu: ${playbook} is not begun on what one look cannot measure`, async (t) => {
    const { duplicate, perform, container, host } = setUp()
    duplicate(60)
    host.cgroupFiles.set(container.id, { cpuUser: 1e6, cpuSystem: 1e6, cpuLimit: 0.1 })
    const { ending, story } = await perform(container, { playbook, tier: 'warning', resource: 'cpu' })
    t.match(ending, { outcome: 'unknown', reason: 'census_unknown', detail: 'cpu could not be measured' })
    t.same(host.effects, [])
    t.same(story.steps, [])
  })
}

t.test('processes: only those that count, by policy', async (t) => {
  const { duplicate, perform, container, host, gateway } = setUp({
    'pidwarden.count': 'mcp-memory',
    'pidwarden.thresholds.processes.warning': '6',
    'pidwarden.thresholds.processes.critical': '12',
  })
  for (let i = 0; i < 90; i++) host.spawn(container.id, { ppid: gateway(), argv: ['git', `${i}`] })
  const wanted = { resource: 'processes', tier: 'critical', playbook: 'cleanup' }
  t.match((await perform(container, wanted)).ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  duplicate(3)
  t.match((await perform(container, wanted)).ending, {
    outcome: 'fixed',
    detail: 'processes 12 -> 3, critical begins at 12',
  })
})
