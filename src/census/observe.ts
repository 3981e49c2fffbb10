import { randomBytes } from 'node:crypto'
import type { CgroupPaths, CgroupReading, Cgroups } from '../host/cgroup.ts'
import type { Clock } from '../host/clock.ts'
import type { KnownContainer } from '../host/inventory.ts'
import { type Procfs, ticksPerSecond } from '../host/procfs.ts'
import { errorMessage, type Reading, valueIn } from '../host/reading.ts'
import { type Command, commandOf } from './command.ts'
import { type Identity, identityOf } from './identity.ts'
import { type Describe, findInstances } from './instances.ts'
import { findLeaks, type StandingInstance } from './leaks.ts'
import type { Policy } from './policy.ts'
import { buildTree, type Process, type ProcessTree } from './process.ts'
import { resolveThresholds, type Thresholds } from './thresholds.ts'

/** What one look into a running container found. */
export interface Census {
  /** Wall clock, milliseconds. */
  readonly at: number
  readonly cgroup: CgroupReading
  readonly paths: CgroupPaths
  readonly tree: ProcessTree
  readonly instances: readonly StandingInstance[]
  /** Processes that count towards the process tiers, by policy. */
  readonly counted: number
  /** True when pidwarden itself runs in there. */
  readonly self: boolean
}

/** One container with its policy and, while it runs and can be read, its census. */
export interface Observation {
  readonly container: KnownContainer
  readonly policy: Policy
  /** Where tiers begin, percentages resolved with the limits that are in force now. */
  readonly thresholds: Thresholds
  readonly census: Reading<Census>
}

/** What the observer reads through. */
export interface ObserverPorts {
  readonly procfs: Procfs
  readonly cgroups: Cgroups
  readonly clock: Clock
  readonly policyOf: (container: KnownContainer) => Policy
  /** Cores of the host. */
  readonly hostCores: number
  /** Pid of pidwarden in the PID namespace that procfs shows. */
  readonly ownPid: number
}

/** Reads the host. */
export interface Observer {
  /** All containers, one after the other, giving way to the event loop in between. */
  observeAll(containers: readonly KnownContainer[]): Promise<readonly Observation[]>
  /** One container, now, past every cache: what a decision is made on. */
  observe(container: KnownContainer): Observation
}

/** What does not change while a process lives and keeps its comm. */
interface Remembered {
  readonly comm: string
  readonly argv: readonly string[]
  command?: Command
  identity?: Identity
  seenAt: number
}

/** How long one stretch of work may keep the event loop, milliseconds. */
const slice = 8

/** An observer with an empty memory and a key of its own for identities. */
export function createObserver(ports: ObserverPorts): Observer {
  const { procfs, cgroups, clock } = ports
  const key = randomBytes(32)
  const memory = new Map<string, Remembered>()
  const placed = new Map<string, CgroupPaths>()
  let round = 0

  function locate({ id, pid, startedAt }: KnownContainer): Reading<CgroupPaths> {
    const life = `${id} ${startedAt}`
    const cached = placed.get(life)
    if (cached !== undefined) return { kind: 'value', value: cached }
    const text = procfs.cgroup(pid)
    if (text.kind === 'gone') {
      return {
        kind: 'failed',
        detail: `its init, pid ${pid}, is not visible; run pidwarden in the PID namespace of the host (pid: host)`,
      }
    }
    if (text.kind !== 'value') return text
    const paths = cgroups.resolve(text.value, id)
    if (paths.kind === 'value') placed.set(life, paths.value)
    return paths
  }

  function remember(
    stat: { pid: number; comm: string; startTicks: number },
    fresh: boolean,
  ): Remembered | undefined {
    const life = `${stat.pid} ${stat.startTicks}`
    const before = memory.get(life)
    // exec keeps pid and start time: a changed comm is the sign that the rest changed with it.
    if (before !== undefined && before.comm === stat.comm && !fresh) {
      before.seenAt = round
      return before
    }
    const argv = procfs.argv(stat.pid)
    if (argv.kind === 'gone') return undefined
    const now: Remembered = { comm: stat.comm, argv: argv.kind === 'value' ? argv.value : [], seenAt: round }
    memory.set(life, now)
    return now
  }

  function readProcesses(pids: readonly number[], fresh: boolean): Process[] {
    const uptime = procfs.uptime()
    return pids.flatMap((pid) => {
      const stat = procfs.stat(pid)
      if (stat.kind !== 'value' || stat.value.state === 'Z' || stat.value.state === 'X') return []
      const remembered = remember(stat.value, fresh)
      if (remembered === undefined) return []
      const ageSeconds = Math.max(0, uptime - stat.value.startTicks / ticksPerSecond)
      return [{ ...stat.value, argv: remembered.argv, ageSeconds }]
    })
  }

  const describe: Describe = {
    command(process) {
      const remembered = memory.get(`${process.pid} ${process.startTicks}`)
      if (remembered === undefined) return commandOf(process)
      remembered.command ??= commandOf(process)
      return remembered.command
    },
    identity(leaf) {
      const remembered = memory.get(`${leaf.pid} ${leaf.startTicks}`)
      if (remembered?.identity?.kind === 'known') return remembered.identity
      const identity = identityOf(
        {
          argv: { kind: 'value', value: leaf.argv },
          cwd: procfs.cwd(leaf.pid),
          uid: procfs.uid(leaf.pid),
          environ: procfs.environ(leaf.pid),
        },
        key,
      )
      if (remembered !== undefined) remembered.identity = identity
      return identity
    },
  }

  function take(container: KnownContainer, policy: Policy, fresh: boolean): Reading<Census> {
    if (container.state !== 'running' && container.state !== 'paused') return { kind: 'gone' }
    const paths = locate(container)
    if (paths.kind !== 'value') return paths
    const pids = cgroups.processes(paths.value)
    if (pids.kind !== 'value') return pids
    if (pids.value.includes(0)) {
      return { kind: 'failed', detail: 'its processes are hidden; run pidwarden with pid: host' }
    }
    const tree = buildTree(readProcesses(pids.value, fresh), container.pid)
    const instances = findLeaks(findInstances(tree, describe), tree, policy)
    return {
      kind: 'value',
      value: {
        at: clock.now(),
        cgroup: cgroups.read(paths.value),
        paths: paths.value,
        tree,
        instances,
        counted: countProcesses(instances, policy),
        self: tree.processes.has(ports.ownPid),
      },
    }
  }

  function look(container: KnownContainer, fresh: boolean): Observation {
    const policy = ports.policyOf(container)
    let census: Reading<Census>
    try {
      census = take(container, policy, fresh)
    } catch (error) {
      census = { kind: 'failed', detail: errorMessage(error) }
    }
    const { pidsLimit: pids, memoryLimit: memory } = valueIn(census)?.cgroup ?? {}
    const facts = { hostCores: ports.hostCores, ...(pids && { pids }), ...(memory && { memory }) }
    return { container, policy, thresholds: resolveThresholds(policy.tiers, policy.limits, facts), census }
  }

  function forget(containers: readonly KnownContainer[]): void {
    for (const [life, { seenAt }] of memory) if (seenAt < round) memory.delete(life)
    const lives = new Set(containers.map(({ id, startedAt }) => `${id} ${startedAt}`))
    for (const life of placed.keys()) if (!lives.has(life)) placed.delete(life)
  }

  return {
    async observeAll(containers) {
      round++
      const observations: Observation[] = []
      let until = clock.monotonic() + slice
      for (const container of containers) {
        observations.push(look(container, false))
        if (clock.monotonic() < until) continue
        await new Promise<void>((resolve) => setImmediate(resolve))
        until = clock.monotonic() + slice
      }
      forget(containers)
      return observations
    },
    observe: (container) => look(container, true),
  }
}

/** A process counts with its whole instance: a launcher is called by what it launches. */
function countProcesses(instances: readonly StandingInstance[], { counts }: Policy): number {
  let counted = 0
  for (const { command, members } of instances) if (counts(command)) counted += members.length
  return counted
}
