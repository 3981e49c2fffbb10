import { existsSync, readdirSync } from 'node:fs'
import { readText } from './file.ts'
import type { MissingPrivilege } from './privileges.ts'
import { take, valueIn } from './reading.ts'

/** The controllers whose files are read, and what is missing without each. */
const controllers = [
  {
    name: 'pids',
    consequence: 'tasks and PID limits are not measured, and no process of a container is found',
  },
  { name: 'memory', consequence: 'memory is not measured; boot the kernel with cgroup_enable=memory' },
  { name: 'cpu', consequence: 'CPU time and limits are not measured' },
]

/**
 * What of the host cannot be seen from here, each with what does not work and how to mend it. Whether the namespaces
 * are the right ones shows with the first container: its census then says so.
 */
export function missingSurroundings(procRoot: string, cgroupRoot: string): readonly MissingPrivilege[] {
  return [...missingControllers(cgroupRoot), ...hiddenProcesses(procRoot)]
}

function missingControllers(root: string): MissingPrivilege[] {
  if (!existsSync(root)) {
    const fix = `mount the host's /sys/fs/cgroup there, or name its place in PIDWARDEN_CGROUP_ROOT`
    return [{ name: `cgroup tree ${root}`, consequence: `nothing can be counted; ${fix}` }]
  }
  const unified = valueIn(take(() => readText(`${root}/cgroup.controllers`)))
  const present =
    unified === undefined ? (valueIn(take(() => readdirSync(root))) ?? []) : unified.trim().split(' ')
  return controllers
    .filter(({ name }) => !present.includes(name))
    .map(({ name, consequence }) => ({ name: `cgroup controller ${name}`, consequence }))
}

/** hidepid= of proc(5) hides the processes of others from everybody without CAP_SYS_PTRACE. */
function hiddenProcesses(root: string): MissingPrivilege[] {
  const mounts = valueIn(take(() => readText(`${root}/self/mountinfo`))) ?? ''
  const hidden = mounts.split('\n').some((line) => {
    const fields = line.split(' ')
    return fields[4] === root && /\bhidepid=(1|2|4|noaccess|invisible|ptraceable)\b/.test(line)
  })
  const status = valueIn(take(() => readText(`${root}/self/status`))) ?? ''
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  if (!hidden || (capabilities & (1n << 19n)) !== 0n) return []
  const consequence =
    'processes of other users are hidden; give pidwarden CAP_SYS_PTRACE, or mount /proc without hidepid'
  return [{ name: `${root} is mounted with hidepid`, consequence }]
}
