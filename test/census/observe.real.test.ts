import t, { type Test } from 'tap'
import { type LocalGateway, startLocal } from '../../lab/leaky/local.ts'
import { readStat } from '../../lab/leaky/proc.ts'
import { type Census, createObserver, type Observer } from '../../src/census/observe.ts'
import { defaultPolicy, makePolicy } from '../../src/census/policy.ts'
import type { Cgroups } from '../../src/host/cgroup.ts'
import { systemClock } from '../../src/host/clock.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { createProcfs } from '../../src/host/procfs.ts'
import { valueIn } from '../../src/host/reading.ts'
import { startChild } from '../support/children.ts'
import { containerRecord } from '../support/fake-docker.ts'
import { until } from '../support/until.ts'

const memory = '@modelcontextprotocol/server-memory'
const files = '@modelcontextprotocol/server-filesystem'
const servers = [
  { name: memory, env: { API_KEY: 'one' } },
  { name: files, args: ['/srv/a'] },
  { name: files, args: ['/srv/b', 'postgres://u:hunter2secret@h/db'] },
]

/** A leaky gateway on this machine, and an observer that takes all its processes for one container. */
async function start(t: Test) {
  const gateway = await startLocal(servers)
  t.teardown(gateway.stop)
  await gateway.ready()
  const leafs = await gateway.state()
  return { gateway, leafs, pid: leafs.pid }
}

/** Stands in for the cgroup tree: one cgroup, with these processes. */
function cgroupOf(pids: () => readonly number[]): Cgroups {
  const paths = { version: 2, path: '/', pids: '/', memory: '/', cpu: '/', cpuacct: '/' } as const
  return {
    version: 2,
    resolve: () => ({ kind: 'value', value: paths }),
    read: () => ({}),
    processes: () => ({ kind: 'value', value: pids() }),
  }
}

/**
 * Who adopts orphans on this machine stands in for the init of the container, and what stands between it and the
 * gateway belongs to the container: a gateway that hangs below nothing would be one that docker exec has started.
 */
function adopted(gateway: LocalGateway, pid: number, reaper: number): Cgroups {
  const above: number[] = []
  for (let one = readStat(pid)?.ppid ?? 0; one > 0; one = readStat(one)?.ppid ?? 0) {
    above.push(one)
    if (one === reaper) return stub(gateway, above)
  }
  throw new Error(`${reaper} does not stand above the gateway`)
}

/** What runs in the folder of a gateway, and these. */
const stub = (gateway: LocalGateway, also: readonly number[] = []): Cgroups =>
  cgroupOf(() => [...gateway.pids(), ...also])

function observerOf(cgroups: Cgroups, copies = 1, ownPid = process.pid): Observer {
  return createObserver({
    procfs: createProcfs(),
    cgroups,
    clock: systemClock,
    policyOf: () => makePolicy({ ...defaultPolicy, copies }, []),
    hostCores: 4,
    ownPid,
  })
}

const container = (pid: number): KnownContainer => ({ ...containerRecord('leaky', { pid }), imageLabels: {} })

function censusOf(observer: Observer, known: KnownContainer): Census {
  const { census } = observer.observe(known)
  if (census.kind !== 'value') throw new Error(JSON.stringify(census))
  return census.value
}

/** `standing command` and how often. */
function counts({ instances }: Census): Record<string, number> {
  const by: Record<string, number> = {}
  for (const { standing, command } of instances) {
    const key = `${standing} ${command}`
    by[key] = (by[key] ?? 0) + 1
  }
  return by
}

const healthy = {
  'init node gateway.ts': 1,
  'allowed node mcp-server-memory': 1,
  'allowed node mcp-server-filesystem': 2,
}

t.test('a healthy gateway has no leaks, and each server is one instance', async (t) => {
  const { gateway, pid, leafs } = await start(t)
  const found = censusOf(observerOf(stub(gateway)), container(pid))
  t.strictSame(counts(found), healthy)
  t.equal(found.tree.processes.size, gateway.pids().length, 'every process is counted')
  t.ok(found.tree.processes.size > found.instances.length)
  t.equal(found.self, false)
  for (const { wrapper, leaf } of leafs.children) {
    const instance = found.instances.find(({ root }) => root.pid === wrapper)
    t.equal(instance?.leaf.pid, leaf)
    t.equal(instance?.parent?.pid, pid)
  }
})

t.test('leaked copies are duplicates, and the first server stays', async (t) => {
  const { gateway, pid, leafs } = await start(t)
  const observer = observerOf(stub(gateway))
  await gateway.leak({ server: memory, count: 4 })
  await gateway.leak({ server: files, args: ['/srv/a'], count: 2 })
  const found = censusOf(observer, container(pid))
  t.strictSame(counts(found), {
    ...healthy,
    'duplicate node mcp-server-memory': 4,
    'duplicate node mcp-server-filesystem': 2,
  })
  const legitimate = leafs.children.map(({ wrapper }) => wrapper)
  for (const { standing, root } of found.instances) {
    if (standing === 'duplicate') t.notOk(legitimate.includes(root.pid), `${root.pid} came later`)
  }
  t.match(counts(censusOf(observerOf(stub(gateway), 3), container(pid))), {
    'allowed node mcp-server-memory': 3,
    'duplicate node mcp-server-memory': 2,
    'allowed node mcp-server-filesystem': 4,
  })

  // One of them ends with its tree: one duplicate less.
  const victim = found.instances.find(
    ({ standing, command }) => standing === 'duplicate' && command.endsWith('memory'),
  )
  for (const { pid } of victim?.members ?? []) process.kill(pid, 'SIGKILL')
  await until('it has ended', () => victim?.members.every(({ pid }) => readStat(pid) === undefined), 10_000)
  t.equal(counts(censusOf(observer, container(pid)))['duplicate node mcp-server-memory'], 3)
})

t.test('orphans are told from the copies that still hang below the gateway', async (t) => {
  const { gateway, pid } = await start(t)
  await gateway.orphan({ server: memory, count: 2 })
  await gateway.leak({ server: memory, count: 1 })
  const orphans = (await gateway.state()).children.filter(({ role }) => role === 'orphan')
  const reaper = readStat(orphans[0]?.leaf ?? 0)?.ppid ?? 0
  t.ok(reaper > 0 && reaper !== pid)
  const found = censusOf(observerOf(adopted(gateway, pid, reaper)), container(reaper))
  const roots = (standing: string): number[] =>
    found.instances
      .filter((one) => one.standing === standing)
      .map(({ root }) => root.pid)
      .toSorted()
  t.strictSame(roots('orphan'), orphans.map(({ leaf }) => leaf ?? 0).toSorted())
  t.equal(roots('duplicate').length, 1)
  t.strictSame(roots('init'), [reaper])
})

t.test('killing the launcher alone makes an orphan of its server', async (t) => {
  const { gateway, pid, leafs } = await start(t)
  await gateway.leak({ server: memory, count: 1 })
  const [original] = leafs.children
  const { wrapper, leaf } = (await gateway.state()).children.at(-1) ?? {}
  // A signal to 0 would reach the whole process group of this test.
  if (!wrapper || !leaf) throw new Error('nothing was leaked')
  process.kill(wrapper, 'SIGTERM')
  const reparented = (): boolean => {
    const parent = readStat(leaf)?.ppid
    return (
      parent !== undefined &&
      parent !== wrapper &&
      readStat(wrapper) === undefined &&
      gateway.pids().every((one) => one !== parent)
    )
  }
  await until('the server hangs elsewhere', reparented, 10_000)
  const reaper = readStat(leaf)?.ppid ?? 0
  const found = censusOf(observerOf(adopted(gateway, pid, reaper)), container(reaper))
  t.strictSame(
    found.instances.filter(({ standing }) => standing === 'orphan').map(({ root }) => root.pid),
    [leaf],
  )
  t.equal(found.instances.find(({ root }) => root.pid === original?.wrapper)?.standing, 'allowed')
  t.ok(
    found.instances.some(({ root }) => root.pid === pid),
    'the gateway is an instance of its own',
  )
})

t.test('nothing of a command line but its program gets out', async (t) => {
  const { gateway, pid } = await start(t)
  const found = censusOf(observerOf(stub(gateway)), container(pid))
  const argv = [...found.tree.processes.values()].flatMap((process) => process.argv).join(' ')
  t.match(argv, 'hunter2secret', 'the secret is there to be leaked')
  for (const { command, identity } of found.instances) {
    t.notMatch(JSON.stringify({ command, identity }), /hunter2|API_KEY|postgres:|srv/)
  }
})

t.test('a process that becomes another program is seen as that, without a fresh look', async (t) => {
  const child = await startChild(t, 'sh', ['-c', 'echo up; read line; exec sleep 100000'], {
    ready: true,
    stdin: true,
  })
  const observer = observerOf(cgroupOf(() => [child.pid]))
  const seen = async () => {
    const [observation] = await observer.observeAll([container(child.pid)])
    if (observation?.census.kind !== 'value') throw new Error(JSON.stringify(observation?.census))
    return observation.census.value.instances[0]
  }
  const before = await seen()
  t.equal(before?.command, 'sh -c')
  t.strictSame((await seen())?.identity, before?.identity, 'the same process, the same identity')
  child.process.stdin?.write('go\n')
  // The kernel gives the new name first and the new argv a moment later.
  const argv = (): readonly string[] | undefined => valueIn(createProcfs().argv(child.pid))
  await until('it is executed', () => argv()?.[0] === 'sleep', 10_000)
  const after = await seen()
  t.equal(after?.command, 'sleep')
  t.equal(after?.root.startTicks, before?.root.startTicks, 'it is still the same process')
  t.equal(after?.identity.kind, 'known')
  t.notSame(after?.identity, before?.identity)
})

t.test('the observer sees itself', async (t) => {
  const { gateway, pid } = await start(t)
  const found = censusOf(observerOf(stub(gateway, [process.pid]), 1), container(pid))
  t.equal(found.self, true)
  t.equal(censusOf(observerOf(stub(gateway)), container(pid)).self, false)
})
