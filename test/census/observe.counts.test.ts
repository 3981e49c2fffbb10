import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Census, createObserver, type Observation } from '../../src/census/observe.ts'
import { defaultPolicy, makePolicy, type PolicyLayer } from '../../src/census/policy.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { createFixtureHost, type FixtureProcess } from '../support/fixture-host.ts'
import { createSimulatedClock } from '../support/simulated-clock.ts'

const gib = 1024 ** 3

/** An observer over a fixture host, and a way to write what the kernel says of a container. */
function start(t: Test, policy: PolicyLayer = {}) {
  const host = createFixtureHost(t, 2)
  const judged = makePolicy({ ...defaultPolicy, ...policy }, [])
  const observer = createObserver({
    ...host,
    clock: createSimulatedClock(),
    policyOf: () => judged,
    hostCores: 4,
    ownPid: 99_999,
  })
  const kernel = ({ id }: KnownContainer, files: Readonly<Record<string, string | number>>): void => {
    for (const [file, text] of Object.entries(files))
      writeFileSync(join(host.folders(id).pids, file), `${text}\n`)
  }
  return { ...host, observer, kernel }
}

function census({ census }: Observation | { census: undefined }): Census {
  if (census?.kind !== 'value') throw new Error(JSON.stringify(census))
  return census.value
}

const gateway: FixtureProcess = { pid: 10, ppid: 1, argv: ['node', '/app/gateway.js'] }
const server = (pid: number): FixtureProcess[] => [
  { pid, ppid: 10, argv: ['npm exec files'] },
  { pid: pid + 1, ppid: pid, argv: ['sh', '-c', 'files'] },
  { pid: pid + 2, ppid: pid + 1, argv: ['node', '/srv/files'] },
]
const database: FixtureProcess = { pid: 90, ppid: 10, argv: ['postgres', '-D', '/data'] }

t.test('zombies: what holds a pid and is dead', async (t) => {
  const { container, observer, put, kernel } = start(t)
  const one = container('a', [gateway, ...server(20)])
  kernel(one, { 'pids.current': 4 })
  t.equal(census(observer.observe(one)).zombies, 0)
  put({ pid: 30, ppid: 10, argv: [], state: 'Z' })
  put({ pid: 31, ppid: 20, argv: [], state: 'Z' })
  kernel(one, { 'pids.current': 6 })
  const found = census(observer.observe(one))
  t.equal(found.zombies, 2)
  t.equal(found.tree.processes.size, 4, 'they are no processes')
  put({ pid: 32, ppid: 10, argv: ['true'] })
  kernel(one, { 'pids.current': 7 })
  t.equal(census(observer.observe(one)).zombies, 2, 'nor is what has just been started a zombie')
})

t.test('zombies that the cgroup lists are counted, and are no processes', async (t) => {
  const { container, observer, kernel } = start(t)
  const one = container('a', [gateway, { pid: 30, ppid: 10, argv: [], state: 'Z' }])
  kernel(one, { 'pids.current': 2 })
  const found = census(observer.observe(one))
  t.equal(found.zombies, 1)
  t.strictSame([...found.tree.processes.keys()], [10])
})

t.test('where the kernel lists no children, zombies are what is counted beyond the threads', async (t) => {
  const { container, observer, procRoot, kernel } = start(t)
  const one = container('a', [{ ...gateway, threads: 11 }, ...server(20)])
  kernel(one, { 'pids.current': 19 })
  t.equal(census(observer.observe(one)).zombies, 0, 'the kernel lists them, and there are none')
  for (const pid of [10, 20, 21, 22]) rmSync(join(procRoot, `${pid}/task/${pid}/children`))
  t.equal(census(observer.observe(one)).zombies, 5)
})

t.test('starts: every process that was seen for the first time', async (t) => {
  const { container, observer, put, list, remove } = start(t)
  const one = container('a', [gateway, ...server(20)])
  const other = container('b', [{ ...database, pid: 500, ppid: 1 }])
  const starts = async (...containers: KnownContainer[]): Promise<number[]> =>
    (await observer.observeAll(containers)).map((each) => census(each).starts)
  t.strictSame(await starts(one, other), [4, 1], 'those who were there first are among them')
  t.strictSame(await starts(one, other), [4, 1])
  for (const process of server(40)) put(process)
  list(one.id, [10, 20, 21, 22, 40, 41, 42])
  t.strictSame(await starts(one, other), [7, 1])
  remove(22)
  t.strictSame(await starts(one, other), [7, 1], 'an end is no start')
  put({ pid: 42, ppid: 41, argv: ['node', '/srv/files'], startTicks: 7000 })
  t.strictSame(await starts(one, other), [8, 1], 'the same pid again is one')
  put({ pid: 42, ppid: 41, argv: ['sleep', '1'], startTicks: 7000 })
  t.strictSame(await starts(one, other), [8, 1], 'an exec is none')
  t.equal(census(observer.observe(one)).starts, 8, 'nor is a fresh look')
  put({ pid: 43, ppid: 41, argv: ['true'] })
  list(one.id, [10, 20, 21, 40, 41, 42, 43])
  t.equal(census(observer.observe(one)).starts, 9, 'but what a fresh look sees first counts')
  t.strictSame(await starts(one, other), [9, 1], 'once')
})

t.test('starts go on when the container is started again, and end with it', async (t) => {
  const { container, observer, put, list, remove } = start(t)
  const one = container('a', [gateway])
  await observer.observeAll([one])
  remove(10)
  put({ ...gateway, pid: 60 }, `0::/system.slice/docker-${one.id}.scope\n`)
  list(one.id, [60])
  const [again] = await observer.observeAll([{ ...one, pid: 60, startedAt: 'later' }])
  t.equal(census(again!).starts, 2)
  await observer.observeAll([])
  t.equal(census(observer.observe({ ...one, pid: 60, startedAt: 'later' })).starts, 1, 'a new count')
})

t.test('OOM kills are added up over the lives of a container', async (t) => {
  const { container, observer, kernel } = start(t)
  const one = container('a', [gateway])
  const kills = (life: KnownContainer, count: number): number | undefined => {
    kernel(one, { 'memory.events': `low 0\noom 9\noom_kill ${count}\noom_group_kill 0` })
    return observer.observe(life).oomKills
  }
  t.equal(kills(one, 0), 0)
  t.equal(kills(one, 3), 3)
  t.equal(kills({ ...one, startedAt: 'later' }, 0), 3, 'restarted: the cgroup is new')
  t.equal(kills({ ...one, startedAt: 'later' }, 2), 5)
  t.equal(kills({ ...one, startedAt: 'later' }, 1), 5, 'a counter that goes back is not believed')
  t.equal(kills({ ...one, startedAt: 'still later' }, 2), 7)
})

t.test('a container that is made anew under its name keeps the count, another name does not', async (t) => {
  const { container, observer, kernel } = start(t)
  const [first, second] = [container('a', [gateway]), container('b', [{ ...gateway, pid: 11 }])]
  kernel(first, { 'memory.events': 'oom_kill 3' })
  kernel(second, { 'memory.events': 'oom_kill 1' })
  t.strictSame(
    (await observer.observeAll([first, second])).map(({ oomKills }) => oomKills),
    [3, 1],
  )
  await observer.observeAll([])
  const [again] = await observer.observeAll([{ ...second, name: 'a' }])
  t.equal(again!.oomKills, 4, 'though it was away meanwhile')
})

t.test('where the kernel does not tell of OOM kills, nobody else does', async (t) => {
  const { container, observer } = start(t)
  t.notOk('oomKills' in observer.observe(container('a', [gateway])))
})

t.test('what counts towards the process tiers is policy', async (t) => {
  const counted = (policy: PolicyLayer): number => {
    const { container, observer } = start(t, policy)
    return census(observer.observe(container('a', [gateway, ...server(20), ...server(30), database]))).counted
  }
  t.equal(counted({}), 8, 'all')
  t.equal(counted({ count: ['files'] }), 6, 'a launcher counts with what it launches')
  t.equal(counted({ count: ['gateway', 'postgres'] }), 2)
  t.equal(counted({ count: ['npm'] }), 0, 'and not by its own name')
  t.equal(counted({ count: ['npm', 'node', 'mcp', 'desktop-commander'] }), 7)
  t.equal(counted({ count: ['nothing of it'] }), 0)
})

/** Thresholds as numbers: `resource tier at`. */
const told = ({ thresholds }: Observation): string[] =>
  Object.entries(thresholds).flatMap(([resource, rules]) =>
    Object.entries(rules).map(([tier, { at }]) => `${resource} ${tier} ${at}`),
  )

t.test('thresholds are resolved with the limits that are in force', async (t) => {
  const { container, observer, kernel } = start(t)
  const one = container('a', [gateway])
  kernel(one, { 'pids.max': 25, 'memory.max': 2 * gib, 'cpu.max': '50000 100000' })
  const limited = told(observer.observe(one))
  for (const expected of [
    'processes warning 16',
    'processes nuclear 101',
    'pids warning 19',
    'pids nuclear 25',
    'duplicates warning 1',
    `memory warning ${1.5 * gib}`,
    `memory nuclear ${8 * gib}`,
    'cpu warning 0.3',
    'cpu critical 0.4',
  ]) {
    t.ok(limited.includes(expected), expected)
  }
  kernel(one, { 'pids.max': 'max', 'memory.max': 'max', 'cpu.max': 'max 100000' })
  const unlimited = told(observer.observe(one))
  for (const expected of ['pids warning 75', `memory warning ${3 * gib}`, 'cpu warning 2.4']) {
    t.ok(unlimited.includes(expected), `${expected}, of the limit that is wanted or the host`)
  }
})

t.test('a limit that changes changes the thresholds at the next look', async (t) => {
  const { container, observer, kernel } = start(t)
  const one = container('a', [gateway])
  const pids = async (): Promise<number | undefined> =>
    (await observer.observeAll([one]))[0]?.thresholds.pids.nuclear?.at
  kernel(one, { 'pids.max': 40 })
  t.equal(await pids(), 40)
  kernel(one, { 'pids.max': 400 })
  t.equal(await pids(), 400)
})

t.test('a container that does not run, or cannot be read, has thresholds all the same', async (t) => {
  const { container, observer, remove } = start(t)
  const one = container('a', [gateway])
  const exited = observer.observe({ ...one, state: 'exited' })
  t.equal(exited.census.kind, 'gone')
  t.ok(told(exited).includes('pids warning 75'))
  remove(10)
  const unread = observer.observe(one)
  t.equal(unread.census.kind, 'failed')
  t.ok(told(unread).includes('pids warning 75'))
  t.equal(unread.policy.mode, 'observe')
})
