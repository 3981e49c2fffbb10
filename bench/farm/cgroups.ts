import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../test/support/until.ts'
import { NotMeasured } from '../benchmark.ts'

/** A cgroup made by hand: a folder per controller on v1, one folder on v2. */
export interface Cgroup {
  readonly folders: readonly string[]
  /** What /proc/<pid>/cgroup says of its processes. */
  readonly path: string
}

const mount = '/sys/fs/cgroup'

/** True where there is one tree for all controllers. */
export const unified = existsSync(join(mount, 'cgroup.controllers'))

/** The first segment of every path, with our pid, so that what a killed run left can be told from what is in use. */
const prefix = 'pidwarden-bench.'
export const top = `/${prefix}${process.pid}`

/** What the census reads from. */
export type Controller = 'pids' | 'memory' | 'cpu' | 'cpuacct'
const controllersOfV1: readonly Controller[] = ['pids', 'memory', 'cpu', 'cpuacct']

/** All of them that this machine has: v2 accounts for CPU time without a controller of that name. */
export const controllersHere: readonly Controller[] = unified
  ? ['pids', 'memory', 'cpu']
  : controllersOfV1.filter((name) => existsSync(join(mount, name)))

/** Makes a cgroup at `path`; it must begin with `top`. */
export function makeCgroup(path: string, controllers: readonly Controller[]): Cgroup {
  if (process.getuid?.() !== 0) throw new NotMeasured('needs root, to make cgroups')
  const missing = controllers.filter((name) => !existsSync(unified ? mount : join(mount, name)))
  if (missing.length > 0) throw new NotMeasured(`no cgroup controller ${missing.join(', ')}`)
  if (unified) delegate(path, controllers)
  const folders = unified ? [join(mount, path)] : controllers.map((name) => join(mount, name, path))
  for (const folder of folders) mkdirSync(folder, { recursive: true })
  return { folders, path }
}

/** On v2 every folder above must hand its controllers down. */
function delegate(path: string, controllers: readonly Controller[]): void {
  let folder = mount
  for (const segment of path.split('/').slice(1)) {
    writeFileSync(join(folder, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '))
    folder = join(folder, segment)
    mkdirSync(folder, { recursive: true })
  }
}

/** A command line that puts itself into the cgroup and becomes `command`: nothing of it was ever outside. */
export function inside({ folders }: Cgroup, command: readonly string[]): readonly string[] {
  const files = folders.map((folder) => `"${folder}/cgroup.procs"`).join(' ')
  return [
    '/bin/sh',
    '-c',
    `for file in ${files}; do echo $$ > "$file" || exit 126; done; exec "$@"`,
    'sh',
    ...command,
  ]
}

/** Process ids in one cgroup. */
export function pidsIn({ folders: [folder = ''] }: Cgroup): readonly number[] {
  const text = existsSync(folder) ? readFileSync(join(folder, 'cgroup.procs'), 'utf8') : ''
  return text.split('\n').filter(Boolean).map(Number)
}

/** Ends all processes of the cgroup, and removes it. */
export async function removeCgroup(cgroup: Cgroup): Promise<void> {
  await until(`${cgroup.path} is empty`, () => {
    for (const pid of pidsIn(cgroup)) kill(pid)
    return pidsIn(cgroup).length === 0
  })
  await until(`${cgroup.path} is removed`, () => cgroup.folders.every(removed))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended in between.
  }
}

/** Dying processes can keep a cgroup busy for a moment after the last pid is gone. */
function removed(folder: string): boolean {
  try {
    rmdirSync(folder)
  } catch {
    return !existsSync(folder)
  }
  return true
}

/** Removes our own top folder, and those of runs that were killed. Their processes went with their parents. */
export function sweepCgroups(): void {
  const roots = unified ? [mount] : controllersOfV1.map((name) => join(mount, name))
  for (const root of roots.filter((path) => existsSync(path))) {
    for (const name of readdirSync(root).filter((entry) => entry.startsWith(prefix))) {
      const pid = Number(name.slice(prefix.length))
      if (pid === process.pid || !existsSync(`/proc/${pid}`)) removeTree(join(root, name))
    }
  }
}

function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name))
  }
  removed(folder)
}
