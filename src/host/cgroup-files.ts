import { readText } from './file.ts'
import { ticksPerSecond } from './procfs.ts'
import { take, valueIn } from './reading.ts'

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
  /** File cache that must be written before it can go: dirty and writeback pages of memory.stat, bytes. */
  readonly memoryDirty?: number
  /** memory.max or memory.limit_in_bytes, bytes. */
  readonly memoryLimit?: number
  /** memory.max and memory.swap.max together, or memory.memsw.limit_in_bytes: memory and swap, bytes. */
  readonly memorySwapLimit?: number
  /** memory.low or memory.soft_limit_in_bytes, where Docker puts the reservation; bytes. */
  readonly memoryReservation?: number
  /** memory.swap.current, or memory.memsw.usage_in_bytes without memory.usage_in_bytes, bytes. */
  readonly memorySwap?: number
  /** memory.peak (kernel 5.19) or memory.max_usage_in_bytes, bytes. */
  readonly memoryPeak?: number
  /** oom_kill of memory.events or memory.oom_control; gone with the cgroup. */
  readonly oomKills?: number
  /** usage_usec of cpu.stat, or cpuacct.usage, which counts nanoseconds; seconds. */
  readonly cpuTotal?: number
  /** user_usec of cpu.stat, or user of cpuacct.stat, which counts ticks of 10 ms; seconds. */
  readonly cpuUser?: number
  /** The same for the kernel's work on behalf of the container. */
  readonly cpuSystem?: number
  /** throttled_usec (v2) or throttled_time (v1, ns) of cpu.stat; seconds. */
  readonly cpuThrottled?: number
  /** Quota by period of cpu.max or cpu.cfs_*_us: cores. */
  readonly cpuLimit?: number
}

/** What the files of the unified hierarchy say. */
export function readV2({ pids, memory, cpu }: CgroupPaths): CgroupReading {
  const usage = number(`${memory}/memory.current`)
  const stat = keyed(`${memory}/memory.stat`)
  const time = keyed(`${cpu}/cpu.stat`)
  const limit = number(`${memory}/memory.max`)
  return compact({
    ...readPids(pids, 'pids.events.local'),
    memoryUsage: usage,
    memoryWorkingSet: workingSet(usage, stat('inactive_file')),
    memoryAnon: stat('anon'),
    memoryDirty: sum(stat('file_dirty'), stat('file_writeback')),
    memoryLimit: limit,
    memorySwapLimit: sum(limit, number(`${memory}/memory.swap.max`)),
    // 0 is the word for none.
    memoryReservation: number(`${memory}/memory.low`) || undefined,
    memorySwap: number(`${memory}/memory.swap.current`),
    memoryPeak: number(`${memory}/memory.peak`),
    oomKills: keyed(`${memory}/memory.events`)('oom_kill'),
    cpuTotal: scaled(time('usage_usec'), 1e6),
    cpuUser: scaled(time('user_usec'), 1e6),
    cpuSystem: scaled(time('system_usec'), 1e6),
    cpuThrottled: scaled(time('throttled_usec'), 1e6),
    cpuLimit: quota(text(`${cpu}/cpu.max`)?.split(' ')),
  })
}

/** The same of one hierarchy per controller. */
export function readV1({ pids, memory, cpu, cpuacct }: CgroupPaths): CgroupReading {
  const usage = number(`${memory}/memory.usage_in_bytes`)
  const stat = keyed(`${memory}/memory.stat`)
  const withSwap = number(`${memory}/memory.memsw.usage_in_bytes`)
  const time = keyed(`${cpuacct}/cpuacct.stat`)
  return compact({
    ...readPids(pids, 'pids.events'),
    memoryUsage: usage,
    memoryWorkingSet: workingSet(usage, stat('total_inactive_file')),
    memoryAnon: stat('total_rss'),
    memoryDirty: sum(stat('total_dirty'), stat('total_writeback')),
    memoryLimit: limitV1(`${memory}/memory.limit_in_bytes`),
    memorySwapLimit: limitV1(`${memory}/memory.memsw.limit_in_bytes`),
    memoryReservation: limitV1(`${memory}/memory.soft_limit_in_bytes`),
    memorySwap: usage === undefined || withSwap === undefined ? undefined : Math.max(0, withSwap - usage),
    memoryPeak: number(`${memory}/memory.max_usage_in_bytes`),
    oomKills: keyed(`${memory}/memory.oom_control`)('oom_kill'),
    cpuTotal: scaled(number(`${cpuacct}/cpuacct.usage`), 1e9),
    cpuUser: scaled(time('user'), ticksPerSecond),
    cpuSystem: scaled(time('system'), ticksPerSecond),
    cpuThrottled: scaled(keyed(`${cpu}/cpu.stat`)('throttled_time'), 1e9),
    cpuLimit: quota([text(`${cpu}/cpu.cfs_quota_us`), text(`${cpu}/cpu.cfs_period_us`)]),
  })
}

/** v1 has no word for "no limit": it is the largest page-aligned number, PAGE_COUNTER_MAX. */
function limitV1(path: string): number | undefined {
  const limit = number(path)
  return limit === undefined || limit >= 2 ** 62 ? undefined : limit
}

/** Unknown when a part of it is. */
function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other
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
    pidsLimitHits: keyed(`${folder}/${events}`)('max') ?? keyed(`${folder}/pids.events`)('max'),
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

/**
 * A file of `key value` lines. Only the lines that are asked for are looked at: memory.stat has dozens, and is read for
 * each container at every scrape.
 */
function keyed(path: string): (key: string) => number | undefined {
  const lines = `\n${text(path) ?? ''}\n`
  return (key) => {
    const at = lines.indexOf(`\n${key} `)
    if (at < 0) return undefined
    const from = at + key.length + 2
    return Number(lines.slice(from, lines.indexOf('\n', from)))
  }
}

function compact(reading: { [K in keyof CgroupReading]: number | undefined }): CgroupReading {
  return Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined))
}
