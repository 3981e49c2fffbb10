import type { CgroupReading, Cgroups } from '../../src/host/cgroup.ts'
import type { Procfs, ProcIo } from '../../src/host/procfs.ts'
import type { Reading } from '../../src/host/reading.ts'
import type { Signals } from '../../src/host/signal.ts'
import { createSimulatedClock } from './simulated-clock.ts'

/** A process of the simulated kernel. */
export interface SimulatedProcess {
  readonly pid: number
  readonly containerId: string
  readonly startTicks: number
  ppid: number
  argv: readonly string[]
  comm: string
  cwd: Reading<string>
  network: Reading<string>
  uid: Reading<number>
  environ: Reading<readonly string[]>
  listens: Reading<boolean>
  /** How many it holds. */
  sockets: number
  cgroup: string
  threads: number
  rssPages: number
  /** Clock ticks of CPU time so far. */
  cpuTicks: number
  openFds: Reading<number>
  io: Reading<ProcIo>
  state: string
  /** Takes no notice of SIGTERM. */
  stubborn: boolean
  /** Sits in uninterruptible sleep: not even SIGKILL ends it. */
  stuck: boolean
}

/** What a new process is like; all but argv has a plain default. */
export interface Spawn extends Partial<Omit<SimulatedProcess, 'pid' | 'containerId' | 'startTicks'>> {
  readonly argv: readonly string[]
  /** Seconds that it has lived already. */
  readonly age?: number
}

export const value = <T>(given: T): Reading<T> => ({ kind: 'value', value: given })
export const denied: Reading<never> = { kind: 'denied', detail: 'EACCES: permission denied' }
const gone: Reading<never> = { kind: 'gone' }

/** What a kernel says that has every file. */
export const everyReading: Required<CgroupReading> = {
  pids: 1,
  pidsLimit: 1,
  pidsPeak: 1,
  pidsLimitHits: 1,
  memoryUsage: 1,
  memoryWorkingSet: 1,
  memoryAnon: 1,
  memoryDirty: 1,
  memoryLimit: 1,
  memorySwapLimit: 1,
  memoryReservation: 1,
  memorySwap: 1,
  memoryPeak: 1,
  oomKills: 1,
  // Nothing is accounted here, so that nobody takes a process for one that has not run.
  cpuTotal: 0,
  cpuUser: 1,
  cpuSystem: 1,
  cpuThrottled: 1,
  cpuLimit: 1,
}

/** A signal that a process got. */
export interface SentSignal {
  readonly pid: number
  readonly signal: string
  /** Monotonic milliseconds. */
  readonly at: number
}

/** Seconds that the machine was up when the simulation began. */
const bootedBefore = 100_000

/** A kernel in memory behind the ports of src/host: a process table, signals and cgroups. */
export class SimulatedHost {
  readonly clock = createSimulatedClock()
  readonly processes = new Map<number, SimulatedProcess>()
  /** Everything that was done to the world, in order: `SIGTERM 1004`, `stop metamcp`. */
  readonly effects: string[] = []
  readonly signals: SentSignal[] = []
  /** What the cgroup files of a container say, beside `pids`. */
  readonly cgroupFiles = new Map<string, CgroupReading>()
  /** Called when a process has ended, whatever ended it. */
  onEnd: (process: SimulatedProcess) => void = () => {}
  /** Called before a process is opened for signalling: the moment between the plan and the effect. */
  beforeOpen: (pid: number) => void = () => {}
  /** What sending throws. */
  sendError: Error | undefined
  /** What reading the processes of any cgroup gives instead. */
  cgroupFailure: Reading<never> | undefined
  /** The init of a container: orphans go there. */
  readonly inits = new Map<string, number>()
  readonly #frozen = new Map<string, Set<number>>()
  #nextPid = 1000

  get ticks(): number {
    return Math.floor((bootedBefore + this.clock.monotonic() / 1000) * 100)
  }

  spawn(containerId: string, { age = 600, ...given }: Spawn, pid = this.#nextPid++): SimulatedProcess {
    const program = (given.argv[0] ?? '').split('/').at(-1) ?? ''
    const process: SimulatedProcess = {
      ppid: 1,
      comm: program.slice(0, 15),
      cwd: value('/app'),
      network: value('net:[4026531840]'),
      uid: value(0),
      environ: value(['PATH=/usr/bin']),
      listens: value(false),
      sockets: 1,
      cgroup: `0::/system.slice/docker-${containerId}.scope`,
      threads: 1,
      rssPages: 0,
      cpuTicks: 0,
      openFds: value(3),
      io: value({ rchar: 0, wchar: 0 }),
      state: 'S',
      stubborn: false,
      stuck: false,
      ...given,
      pid,
      containerId,
      startTicks: this.ticks - age * 100,
    }
    this.processes.set(pid, process)
    return process
  }

  /** The kernel gives the pid of an ended process to a new one. */
  reuse(pid: number, given: Partial<Spawn> = {}): SimulatedProcess {
    const before = this.processes.get(pid)
    if (before === undefined) throw new Error(`no process ${pid}`)
    this.processes.delete(pid)
    const { argv, ppid, cgroup } = before
    return this.spawn(before.containerId, { argv, ppid, cgroup, age: 0, ...given }, pid)
  }

  /** Ends a process; its children go to the init of the container. */
  end(pid: number): void {
    const process = this.processes.get(pid)
    if (process === undefined) return
    this.processes.delete(pid)
    const init = this.inits.get(process.containerId) ?? 1
    for (const child of this.processes.values()) if (child.ppid === pid) child.ppid = init
    this.onEnd(process)
  }

  /** Nothing in the container runs, and no signal is delivered, until it is thawed (cgroup v1 freezer). */
  freeze(containerId: string): void {
    this.#frozen.set(containerId, new Set())
  }

  /** What was killed meanwhile ends now. */
  thaw(containerId: string): void {
    const killed = this.#frozen.get(containerId) ?? []
    this.#frozen.delete(containerId)
    for (const pid of killed) this.end(pid)
  }

  /** The processes of a container, zombies apart. */
  in(containerId: string): readonly SimulatedProcess[] {
    return [...this.processes.values()].filter((one) => one.containerId === containerId && one.state !== 'Z')
  }

  /** What pids.current says: threads, and zombies too. */
  tasks(containerId: string): number {
    const own = [...this.processes.values()].filter((one) => one.containerId === containerId)
    return own.reduce((sum, { threads }) => sum + threads, 0)
  }

  #read<T>(pid: number, read: (process: SimulatedProcess) => Reading<T>): Reading<T> {
    const process = this.processes.get(pid)
    return process === undefined ? gone : read(process)
  }

  readonly procfs: Procfs = {
    stat: (pid) =>
      this.#read(pid, ({ comm, state, ppid, threads, startTicks, rssPages, cpuTicks }) =>
        value({
          pid,
          comm,
          state,
          ppid,
          pgrp: pid,
          session: pid,
          tty: 0,
          cpuTicks,
          threads,
          startTicks,
          rssPages,
        }),
      ),
    children: (pid) =>
      this.#read(pid, () =>
        value([...this.processes.values()].filter((one) => one.ppid === pid).map((one) => one.pid)),
      ),
    openFds: (pid) => this.#read(pid, ({ openFds }) => openFds),
    argv: (pid) => this.#read(pid, ({ argv, state }) => value(state === 'Z' ? [] : argv)),
    cwd: (pid) => this.#read(pid, ({ cwd }) => cwd),
    networkNamespace: (pid) => this.#read(pid, ({ network }) => network),
    uid: (pid) => this.#read(pid, ({ uid }) => uid),
    environ: (pid) => this.#read(pid, ({ environ }) => environ),
    cgroup: (pid) => this.#read(pid, ({ cgroup }) => value(cgroup)),
    listens: (pid) => this.#read(pid, ({ listens }) => listens),
    sockets: (pid, who) =>
      this.#read(pid, ({ sockets: total, listens }) =>
        listens.kind === 'value' ? value({ total, ...(who && { listening: listens.value }) }) : listens,
      ),
    privateMemory: (pid) => this.#read(pid, ({ rssPages }) => value(rssPages * 4096)),
    io: (pid) => this.#read(pid, ({ io }) => io),
    uptime: () => this.ticks / 100,
    ownCapabilities: () => 0xffff_ffffn,
  }

  readonly cgroups: Cgroups = {
    version: 2,
    resolve(text, id) {
      const path = text.split(':').slice(2).join(':')
      if (!path.includes(id)) return { kind: 'failed', detail: 'the path does not carry the id' }
      return value({ version: 2, path, pids: id, memory: id, cpu: id, cpuacct: id })
    },
    read: ({ pids: id }) => ({ pids: this.tasks(id), ...this.cgroupFiles.get(id) }),
    processes: ({ pids: id }) => this.cgroupFailure ?? value(this.in(id).map(({ pid }) => pid)),
  }

  readonly signalPort: Signals = {
    open: (pid) => {
      this.beforeOpen(pid)
      const pinned = this.processes.get(pid)
      if (pinned === undefined) return undefined
      return {
        pid,
        send: (signal) => {
          if (this.sendError) throw this.sendError
          if (this.processes.get(pid) !== pinned) return 'gone'
          this.effects.push(`${signal} ${pid}`)
          this.signals.push({ pid, signal, at: this.clock.monotonic() })
          const ends = signal === 'SIGKILL' || (signal === 'SIGTERM' && !pinned.stubborn)
          const frozen = this.#frozen.get(pinned.containerId)
          if (ends && !pinned.stuck) frozen === undefined ? this.end(pid) : frozen.add(pid)
          return 'sent'
        },
        close: () => {},
      }
    },
  }
}
