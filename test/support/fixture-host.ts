import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { type Cgroups, createCgroups } from '../../src/host/cgroup.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { createProcfs, type Procfs } from '../../src/host/procfs.ts'
import { containerRecord } from './fake-docker.ts'

/** A process below the fixture's /proc. */
export interface FixtureProcess {
  readonly pid: number
  readonly ppid: number
  readonly argv: readonly string[]
  readonly comm?: string
  readonly state?: string
  readonly startTicks?: number
  readonly threads?: number
  readonly rssPages?: number
  readonly utime?: number
  readonly stime?: number
  readonly cwd?: string
  readonly uid?: number
  readonly environ?: readonly string[]
}

/** A /proc and a cgroup mount made of plain files. */
export interface FixtureHost {
  readonly procfs: Procfs
  readonly cgroups: Cgroups
  readonly procRoot: string
  readonly cgroupRoot: string
  /** Folders of a container: where its `cgroup.procs`, its memory files and those of its CPU stand. */
  folders(id: string): { pids: string; memory: string; cpu: string; cpuacct: string }
  /** Adds a running container with these processes; the first is its init. */
  container(name: string, processes: readonly FixtureProcess[]): KnownContainer
  /** Writes a process, or writes it anew. */
  put(process: FixtureProcess, cgroup?: string): void
  remove(pid: number): void
  /** What `cgroup.procs` of the container says. */
  list(id: string, pids: readonly number[]): void
}

/** The one line of /proc/<pid>/stat; fields that pidwarden does not use count up, so that none is taken for another. */
export function statLine(process: FixtureProcess): string {
  const { pid, ppid, comm, state = 'S', startTicks = pid, threads = 1, rssPages = 0 } = process
  const { utime = 0, stime = 0 } = process
  const name = comm ?? (process.argv[0] ?? '').split('/').at(-1)?.slice(0, 15) ?? ''
  const fields = Array.from({ length: 52 }, (_, index) => String(90_000 + index + 1))
  const known: Record<number, string | number> = {
    1: pid,
    2: `(${name})`,
    3: state,
    4: ppid,
    5: pid,
    6: pid,
    7: 0,
    14: utime,
    15: stime,
    20: threads,
    22: startTicks,
    24: rssPages,
  }
  for (const [position, text] of Object.entries(known)) fields[Number(position) - 1] = String(text)
  return `${fields.join(' ')}\n`
}

/** Seconds that the fixture has been up. */
export const fixtureUptime = 1000

/** A host without containers. */
export function createFixtureHost(t: Pick<Test, 'testdir'>, version: 1 | 2): FixtureHost {
  const root = t.testdir({})
  const procRoot = join(root, 'proc')
  const cgroupRoot = join(root, 'cgroup')
  const write = (path: string, text: string | Buffer): void => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  const nul = (strings: readonly string[]): string => strings.map((string) => `${string}\0`).join('')
  write(join(procRoot, 'uptime'), `${fixtureUptime}.00 2000.00\n`)
  if (version === 2) write(join(cgroupRoot, 'cgroup.controllers'), 'cpu memory pids\n')

  const path = (id: string): string => (version === 2 ? `/system.slice/docker-${id}.scope` : `/docker/${id}`)
  const cgroupText = (id: string): string =>
    version === 2
      ? `0::${path(id)}\n`
      : `6:cpu,cpuacct:${path(id)}\n5:memory:${path(id)}\n4:pids:${path(id)}\n0::${path(id)}\n`

  function folders(id: string): ReturnType<FixtureHost['folders']> {
    const place = (controller: string): string => join(cgroupRoot, version === 2 ? '' : controller, path(id))
    return { pids: place('pids'), memory: place('memory'), cpu: place('cpu'), cpuacct: place('cpuacct') }
  }

  /** The kernel lists children by the thread that started them; here that is always the first. */
  const parents = new Map<number, number>()
  function listChildren(parent: number): void {
    const children = [...parents].flatMap(([pid, ppid]) => (ppid === parent ? [`${pid} `] : []))
    write(join(procRoot, String(parent), 'task', String(parent), 'children'), children.join(''))
  }

  function put(process: FixtureProcess, cgroup = '0::/\n'): void {
    const { pid, argv, cwd = '/app', uid = 0, environ = ['PATH=/usr/bin'] } = process
    const folder = join(procRoot, String(pid))
    rmSync(folder, { recursive: true, force: true })
    write(join(folder, 'stat'), statLine(process))
    write(join(folder, 'cmdline'), nul(argv))
    write(join(folder, 'environ'), nul(environ))
    write(join(folder, 'status'), `Name:\tx\nUid:\t4242\t${uid}\t4242\t4242\n`)
    write(join(folder, 'cgroup'), cgroup)
    symlinkSync(cwd, join(folder, 'cwd'))
    parents.set(pid, process.ppid)
    listChildren(pid)
    if (parents.has(process.ppid)) listChildren(process.ppid)
  }

  function list(id: string, pids: readonly number[]): void {
    write(join(folders(id).pids, 'cgroup.procs'), pids.map((pid) => `${pid}\n`).join(''))
  }

  return {
    procfs: createProcfs(procRoot),
    cgroups: createCgroups(cgroupRoot),
    procRoot,
    cgroupRoot,
    folders,
    container(name, processes) {
      const record = containerRecord(name, { pid: processes[0]?.pid ?? 0 })
      for (const process of processes) put(process, cgroupText(record.id))
      list(
        record.id,
        processes.map(({ pid }) => pid),
      )
      const { pids, memory } = folders(record.id)
      write(join(pids, 'pids.current'), '42\n')
      write(join(memory, version === 2 ? 'memory.current' : 'memory.usage_in_bytes'), '4096\n')
      return { ...record, imageLabels: {} }
    },
    put,
    remove(pid) {
      rmSync(join(procRoot, String(pid)), { recursive: true, force: true })
      const parent = parents.get(pid)
      parents.delete(pid)
      if (parent !== undefined && parents.has(parent)) listChildren(parent)
    },
    list,
  }
}
