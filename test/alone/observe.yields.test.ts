import t, { type Test } from 'tap'
import { createObserver, type Observation } from '../../src/census/observe.ts'
import { defaultPolicy, makePolicy } from '../../src/census/policy.ts'
import type { Procfs } from '../../src/host/procfs.ts'
import { createFixtureHost, type FixtureProcess } from '../support/fixture-host.ts'
import { createSimulatedClock } from '../support/simulated-clock.ts'

/** Every stat of a process takes `cost` milliseconds of the observer's clock. */
function start(t: Test, cost: number) {
  const host = createFixtureHost(t, 2)
  const clock = createSimulatedClock()
  const policy = makePolicy(defaultPolicy, [])
  const procfs: Procfs = {
    ...host.procfs,
    stat(pid) {
      clock.advance(cost)
      return host.procfs.stat(pid)
    },
  }
  const observer = createObserver({
    procfs,
    cgroups: host.cgroups,
    clock,
    policyOf: () => policy,
    hostCores: 4,
    ownPid: 1,
  })
  return { ...host, observer }
}

/** Runs `work` and counts how often the event loop turned meanwhile. */
async function countTurns<T>(work: () => Promise<T>): Promise<{ result: T; turns: number }> {
  let turns = 0
  let over = false
  const turn = (): void => {
    turns++
    if (!over) setImmediate(turn)
  }
  setImmediate(turn)
  const result = await work()
  over = true
  return { result, turns }
}

const processesOf = (observation: Observation | undefined) => {
  if (observation?.census.kind !== 'value') throw new Error(JSON.stringify(observation?.census))
  return observation.census.value
}

t.test('between containers', async (t) => {
  const { container, observer } = start(t, 5)
  const containers = Array.from({ length: 10 }, (_, i) =>
    container(`c${i}`, [{ pid: 100 + i, ppid: 1, argv: ['x'] }]),
  )
  const { result, turns } = await countTurns(() => observer.observeAll(containers))
  t.strictSame(
    result.map(({ container: { name } }) => name),
    containers.map(({ name }) => name),
  )
  t.ok(turns >= 4, `${turns} turns in 50 ms`)
})

const deep = 3000

/** A gateway, servers behind a shell each, and nothing else, so many that they take long to read. */
function leaky(): FixtureProcess[] {
  const processes: FixtureProcess[] = [{ pid: 1000, ppid: 1, argv: ['node', '/app/gateway.js'] }]
  while (processes.length < deep) {
    const pid = 1000 + processes.length
    processes.push({ pid, ppid: 1000, argv: ['sh', '-c', 'files'] })
    processes.push({ pid: pid + 1, ppid: pid, argv: ['node', '/srv/files'] })
  }
  return processes
}

t.test('within a container of thousands of processes, whose census is whole', async (t) => {
  const { container, observer } = start(t, 1)
  const processes = leaky()
  const one = container('deep', processes)
  const { result, turns } = await countTurns(() => observer.observeAll([one]))
  // Every 16 processes take 16 ms, and 3 ms are a turn.
  t.ok(turns >= Math.floor(processes.length / 16), `${turns} turns for ${processes.length} processes`)
  const found = processesOf(result[0])
  t.strictSame(
    [...found.tree.processes.keys()],
    processes.map(({ pid }) => pid),
  )
  t.equal(found.starts, processes.length)
  t.equal(found.counted, processes.length)
  const standing = Map.groupBy(found.instances, (instance) => instance.standing)
  t.strictSame(
    [...standing].map(([is, some]) => [is, some.length]),
    [
      ['init', 1],
      ['allowed', 1],
      ['duplicate', (processes.length - 1) / 2 - 1],
    ],
  )
})

t.test('a census that takes no time takes no turn', async (t) => {
  const { container, observer } = start(t, 0)
  const { turns } = await countTurns(() =>
    observer.observeAll([container('a', [{ pid: 10, ppid: 1, argv: ['x'] }])]),
  )
  t.equal(turns, 0)
})

t.test('a decision is made in one go, on a container as deep', async (t) => {
  const { container, observer } = start(t, 1)
  const processes = leaky()
  const one = container('deep', processes)
  const { result, turns } = await countTurns(async () => observer.observe(one))
  t.equal(turns, 0)
  t.equal(processesOf(result).tree.processes.size, processes.length)
})

t.test('two censuses at once do not disturb each other', async (t) => {
  const { container, observer } = start(t, 1)
  const one = container('deep', leaky().slice(0, 301))
  const two = container('other', [{ pid: 10, ppid: 1, argv: ['x'] }])
  const [first, second] = await Promise.all([
    observer.observeAll([one, two]),
    observer.observeAll([one, two]),
  ])
  for (const found of [first, second]) {
    t.equal(processesOf(found[0]).tree.processes.size, 301)
    t.equal(processesOf(found[1]).tree.processes.size, 1)
  }
  t.equal(processesOf(second[0]).starts, 301, 'and no process is started twice')
  const [third] = await observer.observeAll([one, two])
  t.equal(processesOf(third).starts, 301)
})
