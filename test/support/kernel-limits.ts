import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** What the kernel holds for one container, read by the test itself from the cgroup files, v1 or v2. */
export interface KernelLimits {
  /** pids.current */
  pids(): number
  /** pids.max; undefined = none. */
  pidsLimit(): number | undefined
  /** Cores of cpu.max or cpu.cfs_*_us; undefined = none. */
  cpuLimit(): number | undefined
}

/** Finds the cgroup of a running container. */
export function kernelLimits(id: string): KernelLimits {
  const args = ['/sys/fs/cgroup', '-maxdepth', '5', '-type', 'd', '-name', `*${id}*`]
  const folders = execFileSync('find', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .trim()
    .split('\n')
  const read = (file: string): string | undefined => {
    const path = folders.map((folder) => `${folder}/${file}`).find((one) => existsSync(one))
    return path === undefined ? undefined : readFileSync(path, 'utf8').trim()
  }
  const limit = (text: string | undefined): number | undefined =>
    text === undefined || text === 'max' || Number(text) < 0 ? undefined : Number(text)
  return {
    pids: () => Number(read('pids.current')),
    pidsLimit: () => limit(read('pids.max')),
    cpuLimit() {
      const [quota, period] = read('cpu.max')?.split(' ') ?? [
        read('cpu.cfs_quota_us'),
        read('cpu.cfs_period_us'),
      ]
      const allowed = limit(quota)
      return allowed === undefined ? undefined : allowed / Number(period)
    },
  }
}
