import { readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { identify, stop } from '../system/process.ts'
import { containerdSocket } from './config.ts'

const cgroups = '/sys/fs/cgroup'

/**
 * Ends what a dockerd that crashed left running: container processes live on under their shims, and the shims name our
 * containerd and the container in their arguments.
 */
export async function endContainers(runFolder: string): Promise<void> {
  const shims = processes().flatMap(({ pid, read }) => {
    const args = read('cmdline').split('\0')
    const ours = args[0]?.includes('containerd-shim') && args.includes(containerdSocket(runFolder))
    const container = args[args.indexOf('-id') + 1]
    return ours && container ? [{ pid, container }] : []
  })
  for (const { container } of shims) {
    for (const { pid } of processes().filter(({ read }) => read('cgroup').includes(container))) await end(pid)
  }
  for (const { pid } of shims) await end(pid)
  for (const { container } of shims) removeCgroups(container)
}

/** runc would have done it: on cgroup v2 there is one folder per container, on v1 one per controller. */
function removeCgroups(container: string): void {
  for (const controller of ['', ...readdirSync(cgroups)]) {
    try {
      rmdirSync(join(cgroups, controller, 'docker', container))
    } catch {
      // Not there, or systemd's to remove.
    }
  }
}

async function end(pid: number): Promise<void> {
  const id = identify(pid)
  if (id) await stop(id, 0)
}

function processes(): { pid: number; read: (file: string) => string }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  return pids.map((pid) => ({ pid: Number(pid), read: (file) => readProc(`/proc/${pid}/${file}`) }))
}

/** Empty for a process that ended while we looked. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
