import type { CgroupPaths, CgroupReading, Cgroups } from '../host/cgroup.ts'
import type { Clock } from '../host/clock.ts'
import type { KnownContainer } from '../host/inventory.ts'
import { type Procfs, ticksPerSecond } from '../host/procfs.ts'
import { errorMessage, type Reading, valueIn } from '../host/reading.ts'
import { findInstances } from './instances.ts'
import { findLeaks, type StandingInstance } from './leaks.ts'
import { Odometer } from './odometer.ts'
import type { Policy } from './policy.ts'
import { buildTree, type Process, type ProcessTree } from './process.ts'
import { ProcessMemory } from './remember.ts'
import { resolveThresholds, type Thresholds } from './thresholds.ts'
import { countZombies } from './zombies.ts'

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
  /** Dead processes that nobody has waited for; they hold a pid. */
  readonly zombies: number
  /** Process starts that were seen since pidwarden was started: one that lived between two looks was not. */
  readonly starts: number
  /** OOM kills under this name, over all lives of the container; absent where the kernel does not tell. */
  readonly oomKills?: number
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

/** How long one stretch of work may keep the event loop, milliseconds. */
const slice = 8

/** How many processes are read before the clock is looked at. */
const handful = 32

/** An observer with an empty memory and a key of its own for identities. */
export function createObserver(ports: ObserverPorts): Observer {
  const { procfs, cgroups, clock } = ports
  const memory = new ProcessMemory(procfs)
  const placed = new Map<string, CgroupPaths>()
  const starts = new Map<string, number>()
  const oomKills = new Odometer()

  function locate({ id, pid, startedAt }: KnownContainer): Reading<CgroupPaths> {
    const life = `${id} ${startedAt}`
    const cached = placed.get(life)
    if (cached !== undefined) return { kind: 'value', value: cached }
    const text = procfs.cgroup(pid)
    if (text.kind === 'gone') {
      return {
        kind: 'failed',
        detail: `its init, pid ${pid}, has just ended, or is not visible: run pidwarden with pid: host`,
      }
    }
    if (text.kind !== 'value') return text
    const paths = cgroups.resolve(text.value, id)
    if (paths.kind === 'value') placed.set(life, paths.value)
    return paths
  }

  function* readProcesses(name: string, pids: readonly number[], fresh: boolean): Generator<void, Process[]> {
    const uptime = procfs.uptime()
    const processes: Process[] = []
    let started = 0
    for (const [index, pid] of pids.entries()) {
      if (index % handful === handful - 1) yield
      const stat = procfs.stat(pid)
      if (stat.kind !== 'value' || stat.value.state === 'Z' || stat.value.state === 'X') continue
      const ageSeconds = Math.max(0, uptime - stat.value.startTicks / ticksPerSecond)
      const known = memory.argv(stat.value, ageSeconds, fresh)
      if (known === undefined) continue
      if (known.started) started++
      processes.push({ ...stat.value, argv: known.argv, ageSeconds })
    }
    starts.set(name, (starts.get(name) ?? 0) + started)
    return processes
  }

  /** Yields wherever it may be interrupted. */
  function* take(
    container: KnownContainer,
    policy: Policy,
    fresh: boolean,
  ): Generator<void, Reading<Census>> {
    if (container.state !== 'running' && container.state !== 'paused') return { kind: 'gone' }
    const paths = locate(container)
    if (paths.kind !== 'value') return paths
    const pids = cgroups.processes(paths.value)
    if (pids.kind !== 'value') return pids
    if (pids.value.includes(0)) {
      return { kind: 'failed', detail: 'its processes are hidden; run pidwarden with pid: host' }
    }
    const { name, id, startedAt } = container
    const processes = yield* readProcesses(name, pids.value, fresh)
    const cgroup = cgroups.read(paths.value)
    const tree = buildTree(processes, container.pid)
    yield
    const instances = findLeaks(findInstances(tree, memory), tree, policy)
    yield
    const killed = cgroup.oomKills
    return {
      kind: 'value',
      value: {
        at: clock.now(),
        cgroup,
        paths: paths.value,
        tree,
        instances,
        counted: countProcesses(instances, policy),
        zombies: countZombies(processes, cgroup.pids, procfs),
        starts: starts.get(name) ?? 0,
        ...(killed === undefined ? {} : { oomKills: oomKills.total(name, `${id} ${startedAt}`, killed) }),
        self: tree.processes.has(ports.ownPid),
      },
    }
  }

  function* look(container: KnownContainer, fresh: boolean): Generator<void, Observation> {
    const policy = ports.policyOf(container)
    let census: Reading<Census>
    try {
      census = yield* take(container, policy, fresh)
    } catch (error) {
      census = { kind: 'failed', detail: errorMessage(error) }
    }
    const { pidsLimit: pids, memoryLimit: memory, cpuLimit: cpu } = valueIn(census)?.cgroup ?? {}
    const facts = {
      hostCores: ports.hostCores,
      ...(pids && { pids }),
      ...(memory && { memory }),
      ...(cpu && { cpu }),
    }
    return { container, policy, thresholds: resolveThresholds(policy.tiers, policy.limits, facts), census }
  }

  function forget(containers: readonly KnownContainer[], round: number): void {
    memory.forgetBefore(round)
    const lives = new Set(containers.map(({ id, startedAt }) => `${id} ${startedAt}`))
    for (const life of placed.keys()) if (!lives.has(life)) placed.delete(life)
    const names = new Set(containers.map(({ name }) => name))
    for (const name of starts.keys()) if (!names.has(name)) starts.delete(name)
  }

  return {
    async observeAll(containers) {
      const round = memory.begin()
      const observations: Observation[] = []
      let until = clock.monotonic() + slice
      for (const container of containers) {
        const looking = look(container, false)
        for (;;) {
          const step = looking.next()
          if (step.done) {
            observations.push(step.value)
            break
          }
          if (clock.monotonic() < until) continue
          await new Promise<void>((resolve) => setImmediate(resolve))
          until = clock.monotonic() + slice
        }
      }
      forget(containers, round)
      return observations
    },
    observe(container) {
      const looking = look(container, true)
      for (;;) {
        const step = looking.next()
        if (step.done) return step.value
      }
    },
  }
}

/** A process counts with its whole instance: a launcher is called by what it launches. */
function countProcesses(instances: readonly StandingInstance[], { counts }: Policy): number {
  let counted = 0
  for (const { command, members } of instances) if (counts(command)) counted += members.length
  return counted
}
