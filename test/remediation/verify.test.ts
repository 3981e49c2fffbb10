import t from 'tap'
import type { Resource } from '../../src/census/presets.ts'
import type { Measurement } from '../../src/journal/records.ts'
import { judge, measure, measuredTier } from '../../src/remediation/verify.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

const aim = { resource: 'duplicates', tier: 'critical', threshold: 5 } as const
const of = (duplicates: number): Measurement => ({ duplicates, processes: 40, orphans: 0 })
const withMemory = (memory: number): Measurement => ({ ...of(20), memory })

for (const [name, before, after, outcome, reason] of [
  ['below the threshold', of(20), of(4), 'fixed', 'cleared'],
  ['one below', of(5), of(4), 'fixed', 'cleared'],
  ['exactly at the threshold is not below it', of(20), of(5), 'improved', 'still_above'],
  ['fewer', of(20), of(10), 'improved', 'still_above'],
  ['as many', of(20), of(20), 'ineffective', 'still_above'],
  ['more', of(20), of(21), 'regressed', 'still_above'],
  ['not measured before', undefined, of(1), 'unknown', 'census_unknown'],
  ['not measured after', of(20), undefined, 'unknown', 'census_unknown'],
] as const) {
  t.test(`judge: ${name}`, async (t) => t.match(judge(aim, before, after), { outcome, reason }))
}

t.test('judge: the sentence tells the numbers', async (t) => {
  t.equal(judge(aim, of(20), of(7)).detail, 'duplicates 20 -> 7, critical begins at 5')
  const processes = judge({ ...aim, resource: 'processes', threshold: 31 }, of(20), of(7))
  t.match(processes, { outcome: 'ineffective', detail: 'processes 40 -> 40, critical begins at 31' })
})

for (const [name, before, after, outcome, reason] of [
  ['memory below its threshold', withMemory(5e9), withMemory(3e9), 'fixed', 'cleared'],
  ['memory exactly at it', withMemory(5e9), withMemory(4e9), 'improved', 'still_above'],
  ['memory that grew', withMemory(5e9), withMemory(6e9), 'regressed', 'still_above'],
  ['memory that was not told before', of(20), withMemory(1), 'unknown', 'census_unknown'],
  ['memory that is not told any more', withMemory(5e9), of(0), 'unknown', 'census_unknown'],
] as const) {
  t.test(`judge: ${name}`, async (t) => {
    t.match(judge({ resource: 'memory', tier: 'critical', threshold: 4e9 }, before, after), {
      outcome,
      reason,
    })
  })
}

t.test('judge: cpu is not measured, and nobody says that it was brought down', async (t) => {
  const ending = judge({ resource: 'cpu', tier: 'critical', threshold: 1.6 }, of(20), of(0))
  t.match(ending, { outcome: 'unknown', reason: 'census_unknown', detail: 'cpu could not be measured' })
})

t.test('the tier that each resource has reached', async (t) => {
  const { host, engine, observer } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(5)
  const kernel = { pids: 95, pidsLimit: 100, memoryWorkingSet: 3.7e9, memoryLimit: 4e9, cpuLimit: 1 }
  host.cgroupFiles.set(container.id, kernel)
  const observation = observer.observe(container)
  if (observation.census.kind !== 'value') return t.fail('no census')
  const measurement = measure({ ...observation, census: observation.census.value })
  const tier = (resource: Resource) => measuredTier(observation, resource, measurement)
  t.equal(tier('processes'), 'warning')
  t.equal(tier('duplicates'), 'critical')
  t.equal(tier('pids'), 'emergency')
  t.equal(tier('memory'), 'critical')
  t.equal(tier('cpu'), undefined, 'not measured is no tier, not even normal')
  t.equal(measuredTier(observation, 'pids', { ...measurement, pids: 1 }), 'normal')
})

t.test('a tier that has no threshold is never reached', async (t) => {
  const { host, engine, observer } = createPidwarden()
  const { container } = addGateway(host, engine, 'metamcp', { 'pidwarden.preset': 'production' })
  host.cgroupFiles.set(container.id, { memoryWorkingSet: 1e15, memoryLimit: 1e9 })
  const observation = observer.observe(container)
  t.equal(measuredTier(observation, 'memory', { ...of(0), memory: 1e15 }), 'normal')
})

t.test('measure counts by standing, and leaves out what the kernel does not tell', async (t) => {
  const { host, engine, observer } = createPidwarden()
  const { container, duplicate, orphan } = addGateway(host, engine)
  duplicate(3)
  orphan(2)
  host.cgroupFiles.set(container.id, { pids: 60, memoryWorkingSet: 1e6 })
  const observation = observer.observe(container)
  if (observation.census.kind !== 'value') return t.fail('no census')
  const { value: census } = observation.census
  const young = {
    ...container,
    health: 'unhealthy',
    startedAt: new Date(census.at - 299_000).toISOString(),
  } as const
  // init, gateway and server: 5; three copies: 9; two orphans without their wrapper: 4.
  const counts = { processes: 18, duplicates: 3, orphans: 2, zombies: 0, pids: 60, memory: 1e6 }
  const old = { ...container, startedAt: new Date(census.at - 300_000).toISOString() }
  // Of memory, CPU and PIDs, which the policy wants limited, nothing is.
  t.same(measure({ ...observation, container: old, census }), { ...counts, startup: 0, limits: 3, health: 0 })
  t.match(measure({ ...observation, container: young, census }), { startup: 18, health: 1 })
  const started = (ago: number) => ({ ...container, startedAt: new Date(census.at - ago).toISOString() })
  t.match(measure({ ...observation, container: started(0), census }), { startup: 18 })
  for (const ago of [-1, -3_600_000])
    t.match(
      measure({ ...observation, container: started(ago), census }),
      { startup: 0 },
      'the clock was put back',
    )
  const bare = measure({ ...observation, census: { ...census, cgroup: {} } })
  t.notOk('pids' in bare || 'memory' in bare || 'cpu' in bare)
  const held = { pidsLimit: 100, memoryLimit: 4 * 1024 ** 3, cpuLimit: 2 }
  t.equal(measure({ ...observation, census: { ...census, cgroup: held } }).limits, 0)
  t.equal(
    measure({ ...observation, census: { ...census, counted: 4 } }).processes,
    4,
    'those that count, by policy',
  )
})
