import { existsSync, readdirSync } from 'node:fs'
import { readBytes, readText } from './file.ts'
import { ticksPerSecond } from './procfs.ts'
import { type Reading, take, valueIn } from './reading.ts'

/** Where one container's cgroup is: a folder per controller; on v2 they are all the same folder. */
export interface CgroupPaths {
  readonly version: 1 | 2
  /** The path inside the hierarchy, as /proc/<pid>/cgroup says it. */
  readonly path: string
  readonly pids: string
  readonly memory: string
  readonly cpu: string
  /** v1 keeps CPU accounting apart from CPU limits; on v2 the same folder. */
  readonly cpuacct: string
}

/** What the kernel says about one container; a field is absent when the file is missing or says "no limit". */
export interface CgroupReading {
  /** pids.current: tasks, that is threads and zombies too, of the cgroup and all below it. */
  readonly pids?: number
  /** pids.max */
  readonly pidsLimit?: number
  /** pids.peak, kernel 6.1 and later. */
  readonly pidsPeak?: number
  /** `max` of pids.events.local, else of pids.events: how often a fork was refused by this limit. */
  readonly pidsLimitHits?: number
  /** memory.current or memory.usage_in_bytes, bytes. */
  readonly memoryUsage?: number
  /** Usage without inactive_file, floor 0: the formula of the docker CLI and cAdvisor. Bytes. */
  readonly memoryWorkingSet?: number
  /** `anon` (v2) or `total_rss` (v1) of memory.stat, bytes. */
  readonly memoryAnon?: number
  /** memory.max or memory.limit_in_bytes, bytes. */
  readonly memoryLimit?: number
  /** memory.swap.current, or memory.memsw.usage_in_bytes without memory.usage_in_bytes, bytes. */
  readonly memorySwap?: number
  /** memory.peak (kernel 5.19) or memory.max_usage_in_bytes, bytes. */
  readonly memoryPeak?: number
  /** oom_kill of memory.events or memory.oom_control; gone with the cgroup. */
  readonly oomKills?: number
  /** user_usec of cpu.stat, or user of cpuacct.stat; seconds. */
  readonly cpuUser?: number
  /** The same for the kernel's work on behalf of the container. */
  readonly cpuSystem?: number
  /** throttled_usec (v2) or throttled_time (v1, ns) of cpu.stat; seconds. */
  readonly cpuThrottled?: number
  /** Quota by period of cpu.max or cpu.cfs_*_us: cores. */
  readonly cpuLimit?: number
}

/** The cgroup tree of the host. */
export interface Cgroups {
  /** 2 = unified; 1 = one hierarchy per controller (also called hybrid when an empty v2 tree is mounted beside). */
  readonly version: 1 | 2
  /**
   * Finds the cgroup of container `id` from the text of its init's /proc/<pid>/cgroup (cgroups(7)). Everything
   * below the folder that carries the id belongs to the container, so a path that leads deeper is cut there.
   */
  resolve(cgroupText: string, id: string): Reading<CgroupPaths>
  read(paths: CgroupPaths): CgroupReading
  /** Process ids (thread-group leaders, zombies left out) in the cgroup and everything below it. */
  processes(paths: CgroupPaths): Reading<readonly number[]>
}

/** A Cgroups over the mount at `root` (`/sys/fs/cgroup`, or where that of the host is mounted). */
export function createCgroups(root = '/sys/fs/cgroup'): Cgroups {
  const version = existsSync(`${root}/cgroup.controllers`) ? 2 : 1
  return {
    version,
    resolve: (text, id) => resolve(root, version, text, id),
    read: (paths) => (paths.version === 2 ? readV2(paths) : readV1(paths)),
    processes: (paths) => processesBelow(paths.pids),
  }
}

function resolve(root: string, version: 1 | 2, text: string, id: string): Reading<CgroupPaths> {
  const pids = containerPath(hierarchyPath(text, version === 2 ? '' : 'pids'), id)
  if (pids === undefined) {
    return {
      kind: 'failed',
      detail:
        `the cgroup of container ${id.slice(0, 12)} does not carry its id (${JSON.stringify(text.slice(0, 200))}); ` +
        'if the path starts with "/..", run pidwarden with the cgroup namespace of the host (cgroup: host)',
    }
  }
  /** On v1 each controller may put the container elsewhere; one that is not mounted has nothing to read. */
  const own = (controller: string): string =>
    version === 2 ? pids : (containerPath(hierarchyPath(text, controller), id) ?? pids)
  const place = (controller: string, path: string): string =>
    visible(version === 2 ? root : `${root}/${controller}`, path)
  return {
    kind: 'value',
    value: {
      version,
      path: pids,
      pids: place('pids', pids),
      memory: place('memory', own('memory')),
      cpu: place('cpu', own('cpu')),
      cpuacct: place('cpuacct', own('cpuacct')),
    },
  }
}

/**
 * The folder of `path` below a mount. Where Docker itself runs in a container, the mount shows the subtree of that
 * container only, while the path is told from the top: its first segments are then not there.
 */
function visible(mount: string, path: string): string {
  const segments = path.split('/').slice(1)
  for (let first = 0; first < segments.length; first++) {
    const folder = `${mount}/${segments.slice(first).join('/')}`
    if (existsSync(folder)) return folder
  }
  return mount + path
}

/** Lines are `hierarchy-id:controllers:path`; the v2 line has an empty controller list. */
function hierarchyPath(text: string, controller: string): string | undefined {
  for (const line of text.split('\n')) {
    const [, controllers, ...path] = line.split(':')
    if (controllers?.split(',').includes(controller)) return path.join(':')
  }
  return undefined
}

function containerPath(path: string | undefined, id: string): string | undefined {
  if (path === undefined || path.startsWith('/..')) return undefined
  const segments = path.split('/')
  const own = segments.findLastIndex((segment) => segment.includes(id))
  return own < 0 ? undefined : segments.slice(0, own + 1).join('/')
}

function processesBelow(folder: string): Reading<readonly number[]> {
  const pids: number[] = []
  const folders = [folder]
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const list = take(() => parsePids(readBytes(`${next}/cgroup.procs`)))
    if (list.kind === 'value') pids.push(...list.value)
    // In a threaded cgroup the file answers EOPNOTSUPP: its processes stand in the domain above, already read.
    else if (next === folder) return list
    for (const entry of valueIn(take(() => readdirSync(next, { withFileTypes: true }))) ?? []) {
      if (entry.isDirectory()) folders.push(`${next}/${entry.name}`)
    }
  }
  return { kind: 'value', value: pids }
}

/** One pid a line; 0 stands for a process that this PID namespace cannot see. */
function parsePids(bytes: Buffer): number[] {
  const pids: number[] = []
  let pid = 0
  for (const byte of bytes) {
    if (byte === 0x0a) {
      pids.push(pid)
      pid = 0
    } else pid = pid * 10 + (byte - 0x30)
  }
  return pids
}

function readV2({ pids, memory, cpu }: CgroupPaths): CgroupReading {
  const usage = number(`${memory}/memory.current`)
  const stat = keyed(`${memory}/memory.stat`)
  const time = keyed(`${cpu}/cpu.stat`)
  return compact({
    ...readPids(pids, 'pids.events.local'),
    memoryUsage: usage,
    memoryWorkingSet: workingSet(usage, stat.get('inactive_file')),
    memoryAnon: stat.get('anon'),
    memoryLimit: number(`${memory}/memory.max`),
    memorySwap: number(`${memory}/memory.swap.current`),
    memoryPeak: number(`${memory}/memory.peak`),
    oomKills: keyed(`${memory}/memory.events`).get('oom_kill'),
    cpuUser: scaled(time.get('user_usec'), 1e6),
    cpuSystem: scaled(time.get('system_usec'), 1e6),
    cpuThrottled: scaled(time.get('throttled_usec'), 1e6),
    cpuLimit: quota(text(`${cpu}/cpu.max`)?.split(' ')),
  })
}

function readV1({ pids, memory, cpu, cpuacct }: CgroupPaths): CgroupReading {
  const usage = number(`${memory}/memory.usage_in_bytes`)
  const stat = keyed(`${memory}/memory.stat`)
  const limit = number(`${memory}/memory.limit_in_bytes`)
  const withSwap = number(`${memory}/memory.memsw.usage_in_bytes`)
  const time = keyed(`${cpuacct}/cpuacct.stat`)
  return compact({
    ...readPids(pids, 'pids.events'),
    memoryUsage: usage,
    memoryWorkingSet: workingSet(usage, stat.get('total_inactive_file')),
    memoryAnon: stat.get('total_rss'),
    // v1 has no word for "no limit": it is the largest page-aligned number, PAGE_COUNTER_MAX.
    memoryLimit: limit === undefined || limit >= 2 ** 62 ? undefined : limit,
    memorySwap: usage === undefined || withSwap === undefined ? undefined : Math.max(0, withSwap - usage),
    memoryPeak: number(`${memory}/memory.max_usage_in_bytes`),
    oomKills: keyed(`${memory}/memory.oom_control`).get('oom_kill'),
    cpuUser: scaled(time.get('user'), ticksPerSecond),
    cpuSystem: scaled(time.get('system'), ticksPerSecond),
    cpuThrottled: scaled(keyed(`${cpu}/cpu.stat`).get('throttled_time'), 1e9),
    cpuLimit: quota([text(`${cpu}/cpu.cfs_quota_us`), text(`${cpu}/cpu.cfs_period_us`)]),
  })
}

/** Cores of a quota and its period; `max` and -1 are no limit. */
function quota([allowed, period]: readonly (string | undefined)[] = []): number | undefined {
  const cores = Number(allowed) / Number(period)
  return cores > 0 && Number.isFinite(cores) ? cores : undefined
}

function scaled(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value / unit
}

/** On v2 pids.events also counts what limits further down refuse; there pids.events.local is this limit's own. */
function readPids(
  folder: string,
  events: 'pids.events.local' | 'pids.events',
): Partial<Record<'pids' | 'pidsLimit' | 'pidsPeak' | 'pidsLimitHits', number | undefined>> {
  return {
    pids: number(`${folder}/pids.current`),
    pidsLimit: number(`${folder}/pids.max`),
    pidsPeak: number(`${folder}/pids.peak`),
    pidsLimitHits: keyed(`${folder}/${events}`).get('max') ?? keyed(`${folder}/pids.events`).get('max'),
  }
}

function workingSet(usage: number | undefined, inactiveFile: number | undefined): number | undefined {
  return usage === undefined ? undefined : Math.max(0, usage - (inactiveFile ?? 0))
}

/** A file that holds one number; `max`, a missing file and anything else are undefined. */
function number(path: string): number | undefined {
  const found = text(path)
  return found !== undefined && /^\d+$/.test(found) ? Number(found) : undefined
}

function text(path: string): string | undefined {
  return valueIn(take(() => readText(path)))?.trim()
}

/** A file of `key value` lines. */
function keyed(path: string): Map<string, number> {
  return new Map(
    (text(path) ?? '').split('\n').flatMap((line): [string, number][] => {
      const [key, value] = line.split(' ')
      return key !== undefined && value !== undefined ? [[key, Number(value)]] : []
    }),
  )
}

function compact(reading: { [K in keyof CgroupReading]: number | undefined }): CgroupReading {
  return Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined))
}
