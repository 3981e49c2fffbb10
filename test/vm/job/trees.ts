import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const mount = '/sys/fs/cgroup'

/** Of a cgroup: what says how many, how much, and where the limits are. */
const cgroupFiles =
  /^(cgroup\.(procs|threads|events|type|stat|freeze|controllers|subtree_control)|pids\..*|cpu\.(stat|max|weight|pressure)|memory\.(current|max|high|low|min|peak|stat|events|events\.local|pressure|swap\.(current|max|peak|events)))$/

const processFiles = ['cgroup', 'stat', 'cmdline']

/**
 * Copies what the kernel says of a container below a folder, at the same paths: its cgroup with all below it, and
 * its processes. Zombies stand in no cgroup.procs, but their own file still names the cgroup.
 */
export function recordTree(id: string, target: string): void {
  const keep = (path: string) => {
    const text = read(path)
    if (text === undefined) return
    mkdirSync(dirname(join(target, path)), { recursive: true })
    writeFileSync(join(target, path), text)
  }
  keep(`${mount}/cgroup.controllers`)
  for (const entry of readdirSync(mount, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && path.includes(id) && cgroupFiles.test(entry.name)) keep(path)
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!read(`/proc/${pid}/cgroup`)?.includes(id)) continue
    for (const name of processFiles) keep(`/proc/${pid}/${name}`)
  }
}

/** Undefined for what has gone, and for what can only be written. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
