import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createObserver, type Observation } from '../../src/census/observe.ts'
import { defaultPolicy, makePolicy } from '../../src/census/policy.ts'
import { createFixtureHost, type FixtureProcess } from '../support/fixture-host.ts'
import { createSimulatedClock } from '../support/simulated-clock.ts'

const init: FixtureProcess = { pid: 10, ppid: 1, argv: ['node', '/app/gateway.js'] }
const server: FixtureProcess = { pid: 11, ppid: 10, argv: ['node', '/srv/a.js'] }

/** One container, and how many stat files a look at it reads. */
function start(t: Test, version: 1 | 2 = 2) {
  const host = createFixtureHost(t, version)
  let reads = 0
  const policy = makePolicy(defaultPolicy, [])
  const container = host.container('a', [init, server])
  const { cpuacct, memory } = host.folders(container.id)
  mkdirSync(cpuacct, { recursive: true })
  const observer = createObserver({
    procfs: {
      ...host.procfs,
      stat(pid) {
        reads++
        return host.procfs.stat(pid)
      },
    },
    cgroups: host.cgroups,
    clock: createSimulatedClock(),
    policyOf: () => policy,
    hostCores: 4,
    ownPid: 99_999,
  })
  return {
    ...host,
    container,
    /** So much CPU time has been accounted to the container, nanoseconds. */
    accounted(time: number) {
      if (version === 1) writeFileSync(join(cpuacct, 'cpuacct.usage'), `${time}\n`)
      else writeFileSync(join(cpuacct, 'cpu.stat'), `usage_usec ${time / 1000}\nuser_usec 1\n`)
    },
    uses(bytes: number) {
      writeFileSync(join(memory, version === 1 ? 'memory.usage_in_bytes' : 'memory.current'), `${bytes}\n`)
    },
    async look() {
      reads = 0
      const [observation] = await observer.observeAll([container])
      return { reads, threads: threadsOf(observation) }
    },
    decide() {
      reads = 0
      return { threads: threadsOf(observer.observe(container)), reads }
    },
  }
}

function threadsOf(observation: Observation | undefined): number[] {
  if (observation?.census.kind !== 'value') throw new Error(JSON.stringify(observation?.census))
  return [...observation.census.value.tree.processes.values()].map(({ threads }) => threads)
}

for (const version of [1, 2] as const) {
  t.test(`v${version}: where nothing has run since the last look, nothing is read again`, async (t) => {
    const { accounted, look, put } = start(t, version)
    accounted(5_000_000)
    await look()
    await look()
    t.strictSame(await look(), { reads: 0, threads: [1, 1] })
    put({ ...server, threads: 7 })
    accounted(5_001_000)
    t.strictSame(await look(), { reads: 2, threads: [1, 7] }, 'a microsecond was enough')
    t.strictSame(await look(), { reads: 0, threads: [1, 7] })
  })
}

t.test('other memory, or other processes, and all is read', async (t) => {
  const { accounted, container, list, look, put, remove, uses } = start(t)
  accounted(5_000_000)
  await look()
  await look()
  uses(8192)
  t.equal((await look()).reads, 2)
  t.equal((await look()).reads, 0)
  put({ pid: 12, ppid: 10, argv: ['node', '/srv/b.js'] })
  list(container.id, [10, 11, 12])
  t.equal((await look()).reads, 3)
  remove(11)
  list(container.id, [10, 12])
  t.equal((await look()).reads, 2)
})

t.test('every so often all is read, whatever is accounted', async (t) => {
  const { accounted, look } = start(t)
  accounted(5_000_000)
  const reads: number[] = []
  for (let round = 0; round < 40; round++) reads.push((await look()).reads)
  const whole = reads.flatMap((count, round) => (count > 0 ? [round] : []))
  t.ok(whole.length >= 3, `read at ${whole}`)
  t.ok(whole.every((round, at) => at === 0 || round - (whole[at - 1] ?? 0) <= 13))
  t.ok(whole.length < 10)
})

t.test('where nothing is accounted, all is read at every look', async (t) => {
  const { accounted, look } = start(t)
  for (let round = 0; round < 3; round++) t.equal((await look()).reads, 2)
  accounted(0)
  for (let round = 0; round < 3; round++) t.equal((await look()).reads, 2)
})

t.test('who is too young to be known is looked at again', async (t) => {
  const { accounted, container, list, look, put } = start(t)
  accounted(5_000_000)
  await look()
  // The machine has been up for 1,000 s: this one was started a second ago.
  put({ pid: 12, ppid: 10, argv: ['sh'], startTicks: 99_900 })
  list(container.id, [10, 11, 12])
  for (let round = 0; round < 3; round++) t.equal((await look()).reads, 3)
})

t.test('a decision is made on what is read now', async (t) => {
  const { accounted, decide, look, put } = start(t)
  accounted(5_000_000)
  await look()
  await look()
  put({ ...server, threads: 7 })
  t.strictSame(decide(), { threads: [1, 7], reads: 2 })
})
