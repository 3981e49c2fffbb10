import { existsSync, readdirSync } from 'node:fs'
import { type CgroupPaths, type CgroupReading, readV1, readV2 } from './cgroup-files.ts'
import { readBytes } from './file.ts'
import { type Reading, take, valueIn } from './reading.ts'

export type { CgroupPaths, CgroupReading } from './cgroup-files.ts'

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
        'if the path is "/" or starts with "/..", run pidwarden with the cgroup namespace of the host (cgroup: host)',
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
  if (path === undefined || path.startsWith('/../')) return undefined
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
