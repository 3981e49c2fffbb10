import type { CgroupPaths, CgroupReading, Cgroups } from '../host/cgroup.ts'
import type { Clock } from '../host/clock.ts'
import type { KnownContainer } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import { errorMessage, type Reading, valueIn } from '../host/reading.ts'
import { CpuUse } from './cpu-use.ts'
import { heldLimits, type Limits } from './limits.ts'
import { OomKills } from './oom-kills.ts'
import type { Policy } from './policy.ts'
import type { Process } from './process.ts'
import { ProcessMemory } from './remember.ts'
import { type Scene, Scenes } from './scene.ts'
import { createPace, finish, type Steps, type Urgency } from './steps.ts'
import { Stillness } from './stillness.ts'
import { resolveThresholds, type Thresholds } from './thresholds.ts'
import { countZombies } from './zombies.ts'

/** What one look into a running container found. */
export interface Census extends Scene {
  /** Wall clock, milliseconds. */
  readonly at: number
  /** Seconds since boot, as the ages of processes are told from it. */
  readonly uptime: number
  readonly cgroup: CgroupReading
  readonly paths: CgroupPaths
  /** Dead processes that nobody has waited for; they hold a pid. */
  readonly zombies: number
  /** Cores in use since the last look that was a second ago or longer; absent when there was none of late. */
  readonly cpu?: number
  /** Process starts that were seen since pidwarden was started: one that lived between two looks was not. */
  readonly starts: number
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
  /** OOM kills under this name, over all lives of the container; absent where nobody has told anything. */
  readonly oomKills?: number
}

/** What the observer reads through. */
export interface ObserverPorts {
  readonly procfs: Procfs
  readonly cgroups: Cgroups
  readonly clock: Clock
  readonly policyOf: (container: KnownContainer) => Policy
  /** Cores of the host. */
  readonly hostCores: number
  /** Those of a container's own, of the limits that are in force: what pidwarden has set for a while is none of them. */
  readonly ownLimits?: (containerId: string, held: Limits) => Limits
  /** Pid of pidwarden in the PID namespace that procfs shows. */
  readonly ownPid: number
  /** What Docker told of, beside what the kernel does. */
  readonly oomKills?: OomKills
  /** What a census gives way to. */
  readonly urgency?: Urgency
}

/** Reads the host. */
export interface Observer {
  /** Cores of the host. */
  readonly hostCores: number
  /** All containers of the host, one after the other, giving way to the event loop; what is not among them is forgotten. */
  observeAll(containers: readonly KnownContainer[]): Promise<readonly Observation[]>
  /** One container, as observeAll would see it; all others are remembered as they are. */
  glance(container: KnownContainer): Promise<Observation>
  /** One container, now, past every cache: what a decision is made on. */
  observe(container: KnownContainer): Observation
}

/** One look at a container. */
interface Look {
  /** Past every cache. */
  readonly fresh: boolean
  /** Seconds since boot, read once for all containers of one look. */
  readonly uptime: () => number
}

/** How many processes are read before the clock is looked at. */
const handful = 16

/** An observer with an empty memory and a key of its own for identities. */
export function createObserver(ports: ObserverPorts): Observer {
  const { procfs, cgroups, clock, oomKills = new OomKills() } = ports
  const memory = new ProcessMemory(procfs)
  const scenes = new Scenes(memory)
  const stillness = new Stillness()
  const placed = new Map<string, CgroupPaths>()
  const starts = new Map<string, number>()
  const cpuUse = new CpuUse(clock)

  function begin(fresh: boolean): Look {
    let uptime: number | undefined
    return { fresh, uptime: () => (uptime ??= procfs.uptime()) }
  }

  function locate(container: KnownContainer): Reading<CgroupPaths> {
    const { id, pid } = container
    const life = lifeOf(container)
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
    // A zombie stands in no cgroup of its container any more.
    if (paths.kind !== 'value' && !runs(pid)) return { kind: 'gone' }
    if (paths.kind === 'value') placed.set(life, paths.value)
    return paths
  }

  function runs(pid: number): boolean {
    const state = valueIn(procfs.stat(pid))?.state
    return state !== undefined && state !== 'Z' && state !== 'X'
  }

  function* readProcesses(
    container: KnownContainer,
    pids: readonly number[],
    before: CgroupReading,
    { uptime, fresh }: Look,
  ): Steps<readonly Process[]> {
    const { name } = container
    const life = lifeOf(container)
    const still = fresh ? undefined : stillness.recall(life, before, pids)
    if (still !== undefined && memory.confirm(still)) return still
    const processes: Process[] = []
    let started = 0
    for (const [index, pid] of pids.entries()) {
      if (index % handful === handful - 1) yield
      const stat = procfs.stat(pid)
      if (stat.kind !== 'value' || stat.value.state === 'Z' || stat.value.state === 'X') continue
      const seen = memory.see(stat.value, uptime(), fresh)
      if (seen === undefined) continue
      if (seen.started) started++
      processes.push(seen.process)
    }
    starts.set(name, (starts.get(name) ?? 0) + started)
    stillness.keep(life, before, pids, processes)
    return processes
  }

  function* take(container: KnownContainer, policy: Policy, how: Look): Steps<Reading<Census>> {
    if (container.state !== 'running' && container.state !== 'paused') return { kind: 'gone' }
    const paths = locate(container)
    if (paths.kind !== 'value') return paths
    const pids = cgroups.processes(paths.value)
    if (pids.kind === 'gone' && runs(container.pid)) {
      return {
        kind: 'failed',
        detail:
          `its cgroup ${paths.value.path} is not to be seen at ${paths.value.pids}: mount the host's /sys/fs/cgroup, ` +
          'and name the mount in PIDWARDEN_CGROUP_ROOT if it is elsewhere',
      }
    }
    if (pids.kind !== 'value') return pids
    if (pids.value.includes(0)) {
      return { kind: 'failed', detail: 'its processes are hidden; run pidwarden with pid: host' }
    }
    const { name } = container
    const life = lifeOf(container)
    const cgroup = cgroups.read(paths.value)
    const processes = yield* readProcesses(container, pids.value, cgroup, how)
    const { tree, instances, counted } = yield* scenes.tell(life, processes, container.pid, policy)
    if (cgroup.oomKills !== undefined) oomKills.read(name, life, cgroup.oomKills)
    const cpu = cpuUse.cores(life, cgroup.cpuTotal)
    return {
      kind: 'value',
      value: {
        at: clock.now(),
        uptime: how.uptime(),
        cgroup,
        paths: paths.value,
        tree,
        instances,
        counted,
        zombies: countZombies(processes, cgroup.pids, procfs),
        starts: starts.get(name) ?? 0,
        ...(cpu === undefined ? {} : { cpu }),
        self: tree.processes.has(ports.ownPid),
      },
    }
  }

  function* look(container: KnownContainer, how: Look): Steps<Observation> {
    const policy = ports.policyOf(container)
    let census: Reading<Census>
    try {
      census = yield* take(container, policy, how)
    } catch (error) {
      census = { kind: 'failed', detail: errorMessage(error) }
    }
    const cgroup = valueIn(census)?.cgroup
    // A limit that is there for a while moves no tier: whoever is held at a tenth of it would be at its end for ever.
    const held = cgroup === undefined ? {} : heldLimits(cgroup)
    const own = Object.entries(ports.ownLimits?.(container.id, held) ?? held).filter(([, limit]) => limit > 0)
    const facts = { hostCores: ports.hostCores, ...Object.fromEntries(own) }
    const thresholds = resolveThresholds(policy.tiers, policy.limits, facts)
    const killed = oomKills.total(container.name)
    return { container, policy, thresholds, census, ...(killed === undefined ? {} : { oomKills: killed }) }
  }

  function forget(containers: readonly KnownContainer[], round: number): void {
    memory.forgetBefore(round)
    const lives = new Set(containers.map(lifeOf))
    scenes.keepOnly(lives)
    stillness.keepOnly(lives)
    cpuUse.keepOnly(lives)
    for (const life of placed.keys()) if (!lives.has(life)) placed.delete(life)
    const names = new Set(containers.map(({ name }) => name))
    for (const name of starts.keys()) if (!names.has(name)) starts.delete(name)
  }

  return {
    hostCores: ports.hostCores,
    async observeAll(containers) {
      const round = memory.begin()
      const observations: Observation[] = []
      const pace = createPace(clock, ports.urgency)
      const how = begin(false)
      for (const container of containers) observations.push(await pace.walk(look(container, how)))
      forget(containers, round)
      return observations
    },
    glance: (container) => createPace(clock, ports.urgency).walk(look(container, begin(false))),
    observe: (container) => finish(look(container, begin(true))),
  }
}

/** Names one life of a container, from a start to its end. */
function lifeOf({ id, startedAt }: KnownContainer): string {
  return `${id} ${startedAt}`
}
