import { edit, type Layout } from './golden-layouts.ts'

/** What kernels did not have that Docker runs on as well. */
interface Older {
  /** Files that are not there. */
  readonly without: RegExp
  /** Families that then have no series, without their prefix. */
  readonly absent: readonly string[]
}

const older: Readonly<Record<1 | 2, Older>> = {
  // pids.peak came with 6.1 and pids.events with 4.8; memsw is there only with swap accounting, which Debian and
  // Ubuntu left off; children only where the kernel was configured to list them.
  1: {
    without: /\/(pids\.(peak|events)|memory\.memsw\.usage_in_bytes|children)$/,
    absent: ['pids_peak', 'pids_limit_hits_total', 'memory_swap_bytes', 'oom_kills_total'],
  },
  // memory.peak came with 5.19; before pids.events.local pids.events counted what it counts now.
  2: {
    without: /\/(pids\.(peak|events\.local)|memory\.(peak|swap\..*)|children)$/,
    absent: ['pids_peak', 'memory_peak_bytes', 'memory_swap_bytes'],
  },
}

/** The same host as an older kernel shows it. */
export function onOlderKernel(layout: Layout): Layout {
  const { without } = older[layout.version]
  return {
    ...layout,
    name: `${layout.name}, older kernel`,
    golden: `${layout.golden}-older-kernel`,
    recordings: edit(layout.recordings, (path, text) => {
      if (without.test(path)) return undefined
      // 4.13 began to count kills.
      return path.endsWith('/memory.oom_control') ? text.replace(/^oom_kill \d+\n/m, '') : text
    }),
  }
}

/** An exposition without the families that an older kernel cannot tell. */
export function lessOnOlderKernel(exposition: string, version: 1 | 2): string {
  const names = older[version].absent.map((name) => `pidwarden_container_${name}`)
  const lines = exposition.split('\n')
  return lines.filter((line) => !names.some((name) => line.split(/[ {]/).includes(name))).join('\n')
}
