import { readdirSync, readlinkSync } from 'node:fs'
import { parseFile, readBytes, readText } from './file.ts'
import { type ProcStat, parseStat } from './procstat.ts'
import { type Reading, take, valueIn } from './reading.ts'

export type { ProcStat } from './procstat.ts'

/** USER_HZ: clock ticks per second in /proc; 100 on every architecture that Docker runs on. */
export const ticksPerSecond = 100

/** Bytes of a page; of all kernels that Docker runs on, few 64-bit ARM ones have larger pages. */
const pageSize = 4096

/**
 * The fields of /proc/<pid>/io that pidwarden uses (proc_pid_io(5)): bytes that went through read(2), write(2) and the
 * like, pipes and sockets among them. They never fall.
 */
export interface ProcIo {
  readonly rchar: number
  readonly wchar: number
}

/** The sockets of a process. */
export interface Sockets {
  readonly total: number
  /** One of them waits for others to connect; only where that was asked. */
  readonly listening?: boolean
}

/** Everything pidwarden reads below /proc. Pids are those of the PID namespace that /proc was mounted in. */
export interface Procfs {
  stat(pid: number): Reading<ProcStat>
  /** Pids of the children of all its threads, zombies among them (task/<tid>/children, CONFIG_PROC_CHILDREN). */
  children(pid: number): Reading<readonly number[]>
  /** Open file descriptors. Needs the capabilities of `environ`. */
  openFds(pid: number): Reading<number>
  /** NUL-separated argv; empty for a zombie or a kernel thread. */
  argv(pid: number): Reading<readonly string[]>
  /** Absolute path as the process sees it. Needs CAP_SYS_PTRACE for processes of others. */
  cwd(pid: number): Reading<string>
  /** Its network namespace, as `net:[4026531840]`; needs CAP_SYS_PTRACE for others. namespaces(7) */
  networkNamespace(pid: number): Reading<string>
  /** Effective user id, from the Uid line of /proc/<pid>/status. */
  uid(pid: number): Reading<number>
  /** NAME=value strings as at exec. Needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH for processes of others. */
  environ(pid: number): Reading<readonly string[]>
  /** The text of /proc/<pid>/cgroup. */
  cgroup(pid: number): Reading<string>
  /** True when the process holds a listening TCP or Unix socket. Needs the capabilities of `environ`. */
  listens(pid: number): Reading<boolean>
  /**
   * How many sockets of any kind the process holds. Whether one of them listens is told as `listens` does, from the
   * tables of the kernel: unless that is asked, they are left alone. Needs the capabilities of `environ`.
   */
  sockets(pid: number, who?: 'listening'): Reading<Sockets>
  /**
   * Bytes in memory that it shares with no file and no shared segment, resident less shared of statm
   * (proc_pid_statm(5)): what ending it gives back. To add up whole residents counts libraries once a process.
   */
  privateMemory(pid: number): Reading<number>
  /** What it has read and written so far. Needs CAP_SYS_PTRACE for processes of others. */
  io(pid: number): Reading<ProcIo>
  /** Seconds since boot. */
  uptime(): number
  /** Effective capabilities of this process, as the bit mask of capabilities(7). */
  ownCapabilities(): bigint
}

/** A Procfs over the mount at `root` (`/proc`, or a fixture tree). */
export function createProcfs(root = '/proc'): Procfs {
  const sockets = listeningSockets(root)
  return {
    stat: (pid) => take(() => parseFile(`${root}/${pid}/stat`, parseStat)),
    children: (pid) => take(() => childrenOf(`${root}/${pid}/task`)),
    openFds: (pid) => take(() => readdirSync(`${root}/${pid}/fd`).length),
    argv: (pid) => take(() => splitNul(readBytes(`${root}/${pid}/cmdline`))),
    cwd: (pid) => take(() => readlinkSync(`${root}/${pid}/cwd`)),
    networkNamespace: (pid) => take(() => readlinkSync(`${root}/${pid}/ns/net`)),
    uid: (pid) => take(() => parseUid(readText(`${root}/${pid}/status`))),
    environ: (pid) => take(() => splitNul(readBytes(`${root}/${pid}/environ`))),
    cgroup: (pid) => take(() => readText(`${root}/${pid}/cgroup`)),
    listens: (pid) => take(() => listens(root, pid, sockets)),
    sockets: (pid, who) => take(() => tellSockets(root, pid, who && sockets)),
    privateMemory: (pid) => take(() => parsePrivate(readText(`${root}/${pid}/statm`))),
    io: (pid) => take(() => parseIo(readText(`${root}/${pid}/io`))),
    uptime: () => Number.parseFloat(readText(`${root}/uptime`)),
    ownCapabilities: () => BigInt(`0x${field(readText(`${root}/self/status`), 'CapEff')}`),
  }
}

/** NUL-separated strings; the padding that a rewritten process title leaves behind is dropped. */
function splitNul(bytes: Buffer): readonly string[] {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end === 0 ? [] : bytes.toString('utf8', 0, end).split('\0')
}

function childrenOf(tasks: string): number[] {
  const lists = readdirSync(tasks).flatMap((tid) => {
    const text = take(() => readText(`${tasks}/${tid}/children`))
    if (text.kind === 'gone') return []
    if (text.kind !== 'value') throw new Error(text.detail)
    return text.value
  })
  // One thread may have ended meanwhile; where none has the file, the kernel does not list children.
  if (lists.length === 0) throw Object.assign(new Error(`${tasks} lists no children`), { code: 'ENOENT' })
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  )
}

function field(status: string, name: string): string {
  const line = status.split('\n').find((candidate) => candidate.startsWith(`${name}:`))
  if (line === undefined) throw new Error(`no ${name} line in status`)
  return line.slice(name.length + 1).trim()
}

function parsePrivate(statm: string): number {
  const [, resident, shared] = statm.split(' ').map(Number)
  const pages = (resident ?? Number.NaN) - (shared ?? Number.NaN)
  if (Number.isNaN(pages)) throw new Error('statm holds no pages')
  return Math.max(0, pages) * pageSize
}

function parseIo(text: string): ProcIo {
  const [rchar, wchar] = [Number(field(text, 'rchar')), Number(field(text, 'wchar'))]
  if (Number.isNaN(rchar) || Number.isNaN(wchar)) throw new Error('io holds no numbers')
  return { rchar, wchar }
}

function parseUid(status: string): number {
  return Number(field(status, 'Uid').split(/\s+/)[1])
}

function listens(root: string, pid: number, sockets: (pid: number) => ReadonlySet<string>): boolean {
  return tellSockets(root, pid, sockets).listening ?? false
}

function tellSockets(
  root: string,
  pid: number,
  listeners: ((pid: number) => ReadonlySet<string>) | undefined,
): Sockets {
  const own = ownSockets(root, pid)
  const total = own.length
  if (listeners === undefined) return { total }
  const listening = total > 0 ? listeners(pid) : new Set<string>()
  return { total, listening: own.some((inode) => listening.has(inode)) }
}

/** Inodes of the sockets that a process holds. */
function ownSockets(root: string, pid: number): readonly string[] {
  const own: string[] = []
  for (const fd of readdirSync(`${root}/${pid}/fd`)) {
    const target = take(() => readlinkSync(`${root}/${pid}/fd/${fd}`))
    // A descriptor that closed meanwhile is no socket any more; one that cannot be read makes the answer unknown.
    if (target.kind === 'gone') continue
    if (target.kind !== 'value') throw Object.assign(new Error(target.detail), { code: 'EACCES' })
    const inode = /^socket:\[(\d+)\]$/.exec(target.value)?.[1]
    if (inode !== undefined) own.push(inode)
  }
  return own
}

/**
 * Listening sockets by network namespace. To read net/tcp the kernel walks its whole hash table, a millisecond or two
 * a time, so that all processes of one namespace that are asked about in one turn of the event loop share a reading.
 */
function listeningSockets(root: string): (pid: number) => ReadonlySet<string> {
  const tables = new Map<string, ReadonlySet<string>>()
  return (pid) => {
    const namespace = valueIn(take(() => readlinkSync(`${root}/${pid}/ns/net`))) ?? `pid ${pid}`
    const known = tables.get(namespace)
    if (known !== undefined) return known
    if (tables.size === 0) setImmediate(() => tables.clear())
    const table = new Set(listeningInodes(`${root}/${pid}/net`))
    tables.set(namespace, table)
    return table
  }
}

/**
 * Inodes of listening sockets in one network namespace: state 0A (TCP_LISTEN) of net/tcp and net/tcp6, and
 * sockets with the flag __SO_ACCEPTCON (00010000) of net/unix.
 */
function* listeningInodes(net: string): Generator<string> {
  yield* rows(`${net}/tcp`, 3, '0A', 9)
  yield* rows(`${net}/tcp6`, 3, '0A', 9)
  yield* rows(`${net}/unix`, 3, '00010000', 6)
}

/** The column `wanted` of every row whose column `at` has the value `is`; no file, no rows. */
function* rows(path: string, at: number, is: string, wanted: number): Generator<string> {
  const text = take(() => readText(path))
  if (text.kind === 'gone') return
  if (text.kind !== 'value') throw new Error(text.detail)
  for (const line of text.value.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    const column = columns[wanted]
    if (columns[at] === is && column !== undefined) yield column
  }
}
