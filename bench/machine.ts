import { cpus, release, totalmem } from 'node:os'
import { unified } from './farm/cgroups.ts'
import type { Ground } from './options.ts'

/** What the machine is, as far as it matters to figures; nothing that names it. */
export interface Machine {
  readonly cores: number
  readonly memoryGiB: number
  /** Only the major number and the minor one. */
  readonly kernel: string
  readonly node: string
  readonly cgroup: 'v1' | 'v2'
  readonly ground: Ground
}

/** This machine. */
export function thisMachine(ground: Ground): Machine {
  return {
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: release().split('.').slice(0, 2).join('.'),
    node: process.versions.node,
    cgroup: unified ? 'v2' : 'v1',
    ground,
  }
}
