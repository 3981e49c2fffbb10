import { cpus } from 'node:os'
import systeminformation from 'systeminformation'
import { readText } from './file.ts'
import { take, valueIn } from './reading.ts'

/** The host as a whole: raw counters and sizes, so that whoever scrapes makes the rates. */
export interface HostReading {
  /** Bytes: all, what can be given out without swapping, and swap. */
  readonly memory: {
    readonly total: number
    readonly available: number
    readonly swapTotal: number
    readonly swapUsed: number
  }
  /** Seconds of all cores together, by mode; what the kernel does not tell is absent (proc_stat(5)). */
  readonly cpuSeconds: Readonly<Partial<Record<CpuMode, number>>>
  readonly cores: number
  /** Tasks of the host: every thread and zombie has a pid of its own. */
  readonly tasks?: number
  /** kernel.pid_max: at this many no process can be started any more, whatever its container allows. */
  readonly pidMax?: number
  /** kernel.threads-max */
  readonly threadsMax?: number
  /** Seconds that some task waited for the resource (`some total` of /proc/pressure, kernel 4.20). */
  readonly waitingSeconds: Readonly<Partial<Record<'cpu' | 'memory' | 'io', number>>>
}

/**
 * The first fields of `cpu` in /proc/stat, in their order. Guests are in user and nice already. The fifth is iowait,
 * which may go back (proc_stat(5)) and says nothing of the CPU: it is not told.
 */
const cpuModes = ['user', 'nice', 'system', 'idle', undefined, 'irq', 'softirq', 'steal'] as const
type CpuMode = Exclude<(typeof cpuModes)[number], undefined>

/** USER_HZ: what the kernel tells of CPU time is in hundredths of a second, whatever its own tick is. */
const ticksPerSecond = 100

/** Reads the host. */
export interface HostSystem {
  read(): Promise<HostReading>
}

/** The machine that pidwarden runs on: memory through systeminformation, the rest from its own /proc. */
export function createHostSystem(procRoot = '/proc'): HostSystem {
  const text = (path: string): string | undefined => valueIn(take(() => readText(`${procRoot}/${path}`)))
  const number = (path: string): number | undefined => {
    const value = Number(text(path))
    return value > 0 ? value : undefined
  }
  return {
    async read() {
      const { total, available, swaptotal, swapused } = await systeminformation.mem()
      // systeminformation swallows errors and answers 0 (it never rejects), so a zero is a reading that failed.
      if (!(total > 0)) throw new Error('memory of the host could not be read from /proc/meminfo')
      const times = (/^cpu +(.*)$/m.exec(text('stat') ?? '')?.[1] ?? '').split(' ')
      // proc_loadavg(5): the fourth field is runnable/existing scheduling entities.
      const tasks = Number(text('loadavg')?.split(/[ /]/)[4])
      const pidMax = number('sys/kernel/pid_max')
      const threadsMax = number('sys/kernel/threads-max')
      return {
        memory: { total, available, swapTotal: swaptotal, swapUsed: swapused },
        cpuSeconds: Object.fromEntries(
          cpuModes.flatMap((mode, index) => {
            const ticks = Number(times[index] || Number.NaN)
            return mode !== undefined && ticks >= 0 ? [[mode, ticks / ticksPerSecond]] : []
          }),
        ),
        cores: cpus().length,
        ...(tasks > 0 && { tasks }),
        ...(pidMax !== undefined && { pidMax }),
        ...(threadsMax !== undefined && { threadsMax }),
        waitingSeconds: Object.fromEntries(
          (['cpu', 'memory', 'io'] as const).flatMap((resource) => {
            const total = /^some .*total=(\d+)/m.exec(text(`pressure/${resource}`) ?? '')?.[1]
            return total === undefined ? [] : [[resource, Number(total) / 1e6]]
          }),
        ),
      }
    },
  }
}
