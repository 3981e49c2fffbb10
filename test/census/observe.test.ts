import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Census, createObserver, type Observation } from '../../src/census/observe.ts'
import { defaultPolicy, makePolicy, type PolicyLayer } from '../../src/census/policy.ts'
import type { Procfs } from '../../src/host/procfs.ts'
import { createFixtureHost, type FixtureProcess, fixtureUptime } from '../support/fixture-host.ts'
import { createSimulatedClock } from '../support/simulated-clock.ts'

interface Options {
  readonly version?: 1 | 2
  readonly policy?: PolicyLayer
  readonly ownPid?: number
  /** Stands in front of the fixture's procfs. */
  readonly over?: Partial<Procfs>
}

/** An observer over a fixture host; `reads` counts what it reads, by kind and pid. */
function start(t: Test, { version = 2, policy = {}, ownPid = 99_999, over = {} }: Options = {}) {
  const host = createFixtureHost(t, version)
  const clock = createSimulatedClock()
  const reads: string[] = []
  const count =
    <T>(kind: string, read: (pid: number) => T) =>
    (pid: number): T => {
      reads.push(`${kind} ${pid}`)
      return read(pid)
    }
  const procfs: Procfs = {
    ...host.procfs,
    argv: count('argv', host.procfs.argv),
    environ: count('environ', host.procfs.environ),
    cgroup: count('cgroup', host.procfs.cgroup),
    ...over,
  }
  const judged = makePolicy({ ...defaultPolicy, ...policy }, [])
  const observer = createObserver({
    procfs,
    cgroups: host.cgroups,
    clock,
    policyOf: () => judged,
    hostCores: 4,
    ownPid,
  })
  return { ...host, clock, observer, reads }
}

/** The census, or a failed test. */
function census({ census }: Observation): Census {
  if (census.kind !== 'value') throw new Error(JSON.stringify(census))
  return census.value
}

const lines = (found: Census): string[] =>
  found.instances.map(
    ({ command, root, members, standing }) => `${root.pid} ${command} x${members.length} ${standing}`,
  )

/** init, a gateway, and servers behind npm and a shell; the pid of each is that of its launcher. */
const leaky = (init: number, ...servers: number[]): FixtureProcess[] => [
  { pid: init, ppid: 1, argv: ['/bin/sh', '/entry.sh'] },
  { pid: init + 1, ppid: init, argv: ['node', '/app/gateway.js'], comm: 'MainThread', threads: 11 },
  ...servers.flatMap((pid): FixtureProcess[] => [
    { pid, ppid: init + 1, argv: ['npm exec @scope/files /data'], comm: 'npm exec @scope' },
    { pid: pid + 1, ppid: pid, argv: ['sh', '-c', 'files'] },
    {
      pid: pid + 2,
      ppid: pid + 1,
      argv: ['node', '/srv/files', '/data'],
      environ: ['KEY=x', `SHLVL=${pid}`],
    },
  ]),
]

for (const version of [1, 2] as const) {
  t.test(`v${version}: counts, chains and duplicates of a container`, async (t) => {
    const { container, observer, folders, clock } = start(t, { version })
    const leaking = container('metamcp', leaky(1000, 1010, 1020, 1030))
    const [observation] = await observer.observeAll([leaking])
    const found = census(observation!)
    t.equal(observation?.container, leaking)
    t.strictSame(lines(found), [
      '1000 sh entry.sh x1 init',
      '1001 node gateway.js x1 allowed',
      '1010 node files x3 allowed',
      '1020 node files x3 duplicate',
      '1030 node files x3 duplicate',
    ])
    t.equal(found.tree.processes.size, 11)
    t.equal(found.tree.init, 1000)
    t.equal(found.self, false)
    t.equal(found.at, clock.now())
    t.match(found.cgroup, { pids: 42, memoryUsage: 4096 })
    t.strictSame(found.paths.pids, folders(leaking.id).pids)
    t.equal(found.uptime, fixtureUptime)
    t.match(found.tree.processes.get(1001), {
      threads: 11,
      comm: 'MainThread',
      startTicks: 1001,
    })
  })
}

t.test('the copies that the policy allows are no duplicates', async (t) => {
  const { container, observer } = start(t, { policy: { copies: 2 } })
  const found = census(observer.observe(container('a', leaky(1000, 1010, 1020, 1030))))
  t.strictSame(
    found.instances.filter(({ standing }) => standing === 'duplicate').map(({ root }) => root.pid),
    [1030],
  )
})

t.test('zombies and what has just ended are not counted', async (t) => {
  const { container, observer, remove, put } = start(t)
  const one = container('a', leaky(1000, 1010))
  put({ pid: 1010, ppid: 1001, argv: [], state: 'Z' })
  put({ pid: 1011, ppid: 1001, argv: [], state: 'X' })
  remove(1012)
  t.strictSame([...census(observer.observe(one)).tree.processes.keys()], [1000, 1001])
})

t.test('copies that the policy wants to keep the newest of', async (t) => {
  const { container, observer } = start(t, { policy: { keep: { 'node files': 'newest' } } })
  const found = census(observer.observe(container('a', leaky(1000, 1010, 1020, 1030))))
  t.strictSame(
    found.instances.filter(({ standing }) => standing === 'duplicate').map(({ root }) => root.pid),
    [1010, 1020],
  )
})

t.test('a process that ends between two of its files is left out', async (t) => {
  const { container, observer, procRoot } = start(t)
  const one = container('a', leaky(1000, 1010))
  rmSync(join(procRoot, '1012/cmdline'))
  t.strictSame([...census(observer.observe(one)).tree.processes.keys()], [1000, 1001, 1010, 1011])
})

t.test('what does not run has no census', async (t) => {
  const { container, observer } = start(t)
  const one = container('a', leaky(1000))
  for (const state of ['created', 'restarting', 'removing', 'exited', 'dead'] as const) {
    t.strictSame(observer.observe({ ...one, state }).census, { kind: 'gone' }, state)
  }
  t.equal(observer.observe({ ...one, state: 'paused' }).census.kind, 'value')
})

t.test('one container that cannot be read does not affect the others', async (t) => {
  const { container, observer, folders, procRoot, put } = start(t)
  const before = container('before', leaky(1000, 1010))
  const broken = container('broken', leaky(2000, 2010))
  const unlocated = container('unlocated', leaky(3000, 3010))
  const removed = container('removed', leaky(4000))
  const after = container('after', leaky(5000, 5010, 5020))
  rmSync(join(folders(broken.id).pids, 'cgroup.procs'))
  mkdirSync(join(folders(broken.id).pids, 'cgroup.procs'))
  writeFileSync(join(procRoot, '3000/cgroup'), '0::/\n')
  rmSync(folders(removed.id).pids, { recursive: true })
  put({ pid: 4000, ppid: 1, argv: [], state: 'Z' }, '0::/\n')

  const found = await observer.observeAll([before, broken, unlocated, removed, after])
  t.strictSame(
    found.map(({ container: { name } }) => name),
    ['before', 'broken', 'unlocated', 'removed', 'after'],
  )
  t.strictSame(
    found.map(({ census: { kind } }) => kind),
    ['value', 'failed', 'failed', 'gone', 'value'],
  )
  t.match(found[1]?.census, { detail: /EISDIR/ })
  t.match(found[2]?.census, { detail: /cgroup: host/ })
  t.equal(census(found[4]!).instances.filter(({ standing }) => standing === 'duplicate').length, 1)
})

t.test('a reading that throws is a failed census of that container', async (t) => {
  const { container, observer } = start(t, {
    over: {
      uptime: () => {
        throw new Error('no uptime')
      },
    },
  })
  t.strictSame(observer.observe(container('a', leaky(1000))).census, { kind: 'failed', detail: 'no uptime' })
})

t.test('an init that cannot be seen fails, with what to do', async (t) => {
  const { container, observer, remove } = start(t)
  const one = container('a', leaky(1000))
  remove(1000)
  t.match(observer.observe(one).census, { kind: 'failed', detail: /pid 1000.*pid: host/ })
})

t.test(
  'a cgroup that this mount does not show fails, with what to do; one that has ended is gone',
  async (t) => {
    const { container, observer, folders, put } = start(t)
    const one = container('a', leaky(1000))
    rmSync(folders(one.id).pids, { recursive: true })
    t.match(observer.observe(one).census, { kind: 'failed', detail: /mount.*PIDWARDEN_CGROUP_ROOT/ })
    put({ pid: 1000, ppid: 1, argv: [], state: 'Z' })
    t.strictSame(observer.observe(one).census, { kind: 'gone' })
  },
)

t.test('the zombie of an init has left its cgroup: the container has ended', async (t) => {
  const { container, observer, put } = start(t, { version: 1 })
  const one = container('a', leaky(1000))
  put({ pid: 1000, ppid: 1, argv: [], state: 'Z' }, '4:pids:/\n0::/\n')
  t.strictSame(observer.observe(one).census, { kind: 'gone' })
})

t.test('processes that this PID namespace cannot see fail, with what to do', async (t) => {
  const { container, observer, list } = start(t)
  const one = container('a', leaky(1000, 1010))
  list(one.id, [1000, 0, 0])
  t.match(observer.observe(one).census, { kind: 'failed', detail: /hidden.*pid: host/ })
})

t.test('denied is handed on', async (t) => {
  const { container, observer } = start(t, { over: { cgroup: () => ({ kind: 'denied', detail: 'EACCES' }) } })
  t.strictSame(observer.observe(container('a', leaky(1000))).census, { kind: 'denied', detail: 'EACCES' })
})

t.test('pidwarden knows itself', async (t) => {
  const { container, observer } = start(t, { ownPid: 2001 })
  const other = container('other', leaky(1000, 1010))
  const own = container('own', leaky(2000, 2010))
  const found = await observer.observeAll([other, own])
  t.strictSame(
    found.map((one) => census(one).self),
    [false, true],
  )
})

t.test('identity that cannot be read is uncertain', async (t) => {
  const { container, observer } = start(t, {
    over: { environ: () => ({ kind: 'denied', detail: 'EACCES' }) },
  })
  const found = census(observer.observe(container('a', leaky(1000, 1010, 1020))))
  t.strictSame(
    found.instances.map(({ standing }) => standing),
    ['init', 'uncertain', 'uncertain', 'uncertain'],
  )
})

t.test('argv that cannot be read leaves the process in the tree, and uncertain', async (t) => {
  const { container, observer } = start(t, { over: { argv: () => ({ kind: 'denied', detail: 'EACCES' }) } })
  const found = census(
    observer.observe(
      container('a', [
        { pid: 7, ppid: 1, argv: ['x'], comm: 'tool' },
        { pid: 8, ppid: 7, argv: ['y'], comm: 'two' },
      ]),
    ),
  )
  t.strictSame(lines(found), ['7 tool x1 init', '8 two x1 uncertain'])
})
