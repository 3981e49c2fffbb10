import { readFileSync, writeFileSync } from 'node:fs'
import { type Cgroup, makeCgroup, top, unified } from '../farm/cgroups.ts'

/** A cgroup with limits, and what the kernel says about it. */
export interface Limited {
  readonly cgroup: Cgroup
  /** Bytes that cannot be taken back: without files that are only cached. */
  anonymous(): number
  /** All bytes that are charged to it, file cache included. */
  charged(): number
  /** How often the kernel killed a process in it for want of memory. */
  kills(): number
}

/** Makes a cgroup that may use so many bytes, and this share of one core. */
export function makeLimited(bytes: number, cores: number): Limited {
  const cgroup = makeCgroup(`${top}/limited`, ['memory', 'cpu'])
  const [memory = '', cpu = memory] = cgroup.folders
  const period = 100_000
  if (unified) {
    writeFileSync(`${memory}/memory.max`, String(bytes))
    writeFileSync(`${memory}/cpu.max`, `${cores * period} ${period}`)
  } else {
    writeFileSync(`${memory}/memory.limit_in_bytes`, String(bytes))
    writeFileSync(`${cpu}/cpu.cfs_period_us`, String(period))
    writeFileSync(`${cpu}/cpu.cfs_quota_us`, String(cores * period))
  }
  const usage = unified ? 'memory.current' : 'memory.usage_in_bytes'
  const events = unified ? 'memory.events' : 'memory.oom_control'
  return {
    cgroup,
    anonymous: () => keyed(`${memory}/memory.stat`, unified ? 'anon' : 'total_rss'),
    charged: () => Number(readFileSync(`${memory}/${usage}`, 'utf8')),
    kills: () => keyed(`${memory}/${events}`, 'oom_kill'),
  }
}

/** The value of one line of a file of `key value` lines. */
function keyed(file: string, key: string): number {
  const value = new RegExp(`^${key} (\\d+)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1]
  if (value === undefined) throw new Error(`no ${key} in ${file}`)
  return Number(value)
}
