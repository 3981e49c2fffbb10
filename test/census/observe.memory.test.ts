import t, { type Test } from 'tap'
import { createObserver, type Observation } from '../../src/census/observe.ts'
import { defaultPolicy, makePolicy, type Policy } from '../../src/census/policy.ts'
import type { Procfs } from '../../src/host/procfs.ts'
import { createFixtureHost, type FixtureProcess, fixtureUptime } from '../support/fixture-host.ts'
import { createSimulatedClock } from '../support/simulated-clock.ts'

const policy = (): Policy => makePolicy(defaultPolicy, [])

/** What the observer remembers between two looks, told from what it reads. */
function start(t: Test, environ?: Procfs['environ']) {
  const host = createFixtureHost(t, 2)
  const reads: string[] = []
  const counted =
    <T>(kind: string, read: (pid: number) => T) =>
    (pid: number): T => {
      reads.push(`${kind} ${pid}`)
      return read(pid)
    }
  const { argv, cgroup } = host.procfs
  const observer = createObserver({
    procfs: {
      ...host.procfs,
      argv: counted('argv', argv),
      environ: counted('environ', environ ?? host.procfs.environ),
      cgroup: counted('cgroup', cgroup),
    },
    cgroups: host.cgroups,
    clock: createSimulatedClock(),
    policyOf: policy,
    hostCores: 4,
    ownPid: 99_999,
  })
  /** What was read since the last call. */
  const read = (): string[] => reads.splice(0).toSorted()
  return { ...host, observer, read }
}

function instances({ census }: Observation | { census: undefined }) {
  if (census?.kind !== 'value') throw new Error(JSON.stringify(census))
  return census.value.instances
}

const commands = (observation: Observation): string[] => instances(observation).map(({ command }) => command)
const digestOf = (observation: Observation, pid: number): string => {
  const identity = instances(observation).find(({ leaf }) => leaf.pid === pid)?.identity
  return identity?.kind === 'known' ? identity.digest : (identity?.reason ?? 'not there')
}

const init: FixtureProcess = { pid: 10, ppid: 1, argv: ['node', '/app/gateway.js'] }
const server: FixtureProcess = { pid: 11, ppid: 10, argv: ['node', '/srv/a.js'], environ: ['KEY=1'] }

t.test('what does not change while a process lives is read once', async (t) => {
  const { container, observer, read } = start(t)
  const one = container('a', [init, server])
  const [first] = await observer.observeAll([one])
  t.strictSame(read(), ['argv 10', 'argv 11', 'cgroup 10', 'environ 10', 'environ 11'])
  const [second] = await observer.observeAll([one])
  t.strictSame(read(), [])
  t.strictSame(commands(second!), ['node gateway.js', 'node a.js'])
  t.equal(digestOf(second!, 11), digestOf(first!, 11))
})

t.test('what changes is read at every look', async (t) => {
  const { container, observer, put } = start(t)
  const one = container('a', [init, server])
  await observer.observeAll([one])
  put({ ...server, threads: 7, rssPages: 1234, ppid: 1, utime: 5, stime: 6 })
  const [observation] = await observer.observeAll([one])
  if (observation?.census.kind !== 'value') throw new Error('no census')
  t.match(observation.census.value.tree.processes.get(11), {
    threads: 7,
    rssPages: 1234,
    ppid: 1,
    cpuTicks: 11,
  })
})

t.test('a changed comm is an exec: argv, command and identity are read again', async (t) => {
  const { container, observer, put, read } = start(t)
  const one = container('a', [init, { ...server, argv: ['sh', '-c', 'exec tool'], comm: 'sh' }])
  const [before] = await observer.observeAll([one])
  t.strictSame(commands(before!), ['node gateway.js', 'sh -c'])
  read()
  put({ ...server, argv: ['tool', '--x'], comm: 'tool' })
  const [after] = await observer.observeAll([one])
  t.strictSame(commands(after!), ['node gateway.js', 'tool'])
  t.strictSame(read(), ['argv 11', 'environ 11'])
  t.not(digestOf(after!, 11), digestOf(before!, 11))
})

t.test('the same pid with another start is another process', async (t) => {
  const { container, observer, put, read } = start(t)
  const one = container('a', [init, server])
  await observer.observeAll([one])
  read()
  put({ ...server, argv: ['node', '/srv/b.js'], startTicks: 5000 })
  const [after] = await observer.observeAll([one])
  t.strictSame(commands(after!), ['node gateway.js', 'node b.js'])
  t.strictSame(read(), ['argv 11', 'environ 11'])
})

t.test('a decision is made past every cache', async (t) => {
  const { container, observer, put, read } = start(t)
  const one = container('a', [init, server])
  const [before] = await observer.observeAll([one])
  read()
  // An exec that keeps the name: only a fresh look can see it.
  put({ ...server, argv: ['node', '/srv/b.js'], environ: ['KEY=2'] })
  const fresh = observer.observe(one)
  t.strictSame(commands(fresh), ['node gateway.js', 'node b.js'])
  t.not(digestOf(fresh, 11), digestOf(before!, 11))
  t.strictSame(read(), ['argv 10', 'argv 11', 'environ 10', 'environ 11'])
  const [next] = await observer.observeAll([one])
  t.strictSame(commands(next!), ['node gateway.js', 'node b.js'], 'and the caches know it from then on')
  t.equal(digestOf(next!, 11), digestOf(fresh, 11))
})

t.test('what could not be read is tried again, and only that', async (t) => {
  let denied = true
  const { container, observer, read } = start(t, () =>
    denied ? { kind: 'denied', detail: 'EACCES' } : { kind: 'value', value: ['A=1'] },
  )
  const one = container('a', [init, server])
  const [before] = await observer.observeAll([one])
  t.equal(digestOf(before!, 11), 'environ: denied')
  read()
  denied = false
  const [after] = await observer.observeAll([one])
  t.strictSame(read(), ['environ 10', 'environ 11'])
  t.match(digestOf(after!, 11), /^[\w-]{43}$/)
  await observer.observeAll([one])
  t.strictSame(read(), [])
})

t.test('argv that is not there yet is read again', async (t) => {
  // While a program is executed, comm is new already and argv still empty: a look can fall in between.
  const { container, observer, put } = start(t)
  const one = container('a', [init, { ...server, argv: [], comm: 'node' }])
  const [before] = await observer.observeAll([one])
  t.strictSame(commands(before!), ['node gateway.js', 'node'])
  t.equal(digestOf(before!, 11), 'argv: empty')
  put({ ...server, comm: 'node' })
  const [after] = await observer.observeAll([one])
  t.strictSame(commands(after!), ['node gateway.js', 'node a.js'])
  t.match(digestOf(after!, 11), /^[\w-]{43}$/)
})

t.test('who has just been forked is looked at again, though its name stays', async (t) => {
  const { container, observer, put } = start(t)
  const age = (seconds: number): number => (fixtureUptime - seconds) * 100
  const forked = { ...server, argv: init.argv, comm: 'node', startTicks: age(0.5) }
  const one = container('a', [init, forked])
  await observer.observeAll([one])
  put({ ...forked, argv: ['node', '/srv/a.js'] })
  const [after] = await observer.observeAll([one])
  t.strictSame(commands(after!), ['node gateway.js', 'node a.js'])
})

t.test('processes that are gone are forgotten', async (t) => {
  const { container, observer, put, remove, list, read } = start(t)
  const one = container('a', [init, server])
  await observer.observeAll([one])
  remove(11)
  list(one.id, [10])
  await observer.observeAll([one])
  read()
  // Nothing but a process of the same pid and start could be recognised, so this tells that it was not.
  put({ ...server, argv: ['node', '/srv/other.js'] })
  list(one.id, [10, 11])
  const [again] = await observer.observeAll([one])
  t.strictSame(commands(again!), ['node gateway.js', 'node other.js'])
  t.strictSame(read(), ['argv 11', 'environ 11'])
})

t.test('containers that are gone are forgotten, and others are not', async (t) => {
  const { container, observer, read } = start(t)
  const one = container('a', [init, server])
  const two = container('b', [{ pid: 20, ppid: 1, argv: ['x'] }])
  await observer.observeAll([one, two])
  await observer.observeAll([two])
  read()
  await observer.observeAll([one, two])
  t.strictSame(read(), ['argv 10', 'argv 11', 'cgroup 10', 'environ 10', 'environ 11'])
})

t.test('a look at one container does not make the others forgotten', async (t) => {
  const { container, observer, read } = start(t)
  const one = container('a', [init, server])
  const two = container('b', [{ pid: 20, ppid: 1, argv: ['x'] }])
  await observer.observeAll([one, two])
  observer.observe(two)
  read()
  await observer.observeAll([one, two])
  t.strictSame(read(), [])
})

t.test('a container that was started again is located again', async (t) => {
  const { container, observer, put, list, read } = start(t)
  const one = container('a', [init, server])
  await observer.observeAll([one])
  read()
  put({ ...init, pid: 30 }, `0::/system.slice/docker-${one.id}.scope\n`)
  list(one.id, [30])
  const [again] = await observer.observeAll([{ ...one, pid: 30, startedAt: 'later' }])
  t.strictSame(
    instances(again!).map(({ root }) => root.pid),
    [30],
  )
  t.strictSame(read(), ['argv 30', 'cgroup 30', 'environ 30'])
})

t.test('two observers do not share their key', async (t) => {
  const { container, observer, procfs, cgroups } = start(t)
  const one = container('a', [init, server])
  const other = createObserver({
    procfs,
    cgroups,
    clock: createSimulatedClock(),
    policyOf: policy,
    hostCores: 4,
    ownPid: 1,
  })
  t.not(digestOf(observer.observe(one), 11), digestOf(other.observe(one), 11))
})

t.test('a server that was seen below the gateway and now hangs below init is an orphan', async (t) => {
  const { container, observer, put } = start(t)
  const standings = async (one: ReturnType<typeof container>): Promise<Record<number, string>> => {
    const [observation] = await observer.observeAll([one])
    return Object.fromEntries(instances(observation!).map(({ root, standing }) => [root.pid, standing]))
  }
  const gateway: FixtureProcess = { pid: 11, ppid: 10, argv: ['node', '/app/gateway.js'] }
  const below = (pid: number, ppid: number): FixtureProcess => ({ pid, ppid, argv: ['node', 'server.js'] })
  const one = container('a', [
    { pid: 10, ppid: 1, argv: ['sh', '/entry.sh'] },
    gateway,
    below(12, 11),
    { pid: 13, ppid: 11, argv: ['node', '/app/second.js'] },
    below(14, 13),
    below(15, 10),
  ])
  const before = { 10: 'init', 11: 'allowed', 12: 'allowed', 13: 'allowed', 14: 'allowed', 15: 'allowed' }
  t.strictSame(await standings(one), before)
  put(below(14, 10))
  t.strictSame(await standings(one), { ...before, 14: 'orphan' }, 'and the one that init started stays')
  t.strictSame(await standings(one), { ...before, 14: 'orphan' }, 'it is remembered')
  const decided = observer.observe(one)
  t.equal(instances(decided).find(({ root }) => root.pid === 14)?.standing, 'orphan', 'past every cache')
})
