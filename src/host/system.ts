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
  /** Seconds of all cores together, by mode. */
  readonly cpuSeconds: Readonly<Record<'user' | 'nice' | 'system' | 'idle' | 'irq', number>>
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
      const times = cpus().map((core) => core.times)
      const seconds = (mode: keyof (typeof times)[number]): number =>
        times.reduce((sum, time) => sum + time[mode], 0) / 1000
      // proc_loadavg(5): the fourth field is runnable/existing scheduling entities.
      const tasks = Number(text('loadavg')?.split(/[ /]/)[4])
      const pidMax = number('sys/kernel/pid_max')
      const threadsMax = number('sys/kernel/threads-max')
      return {
        memory: { total, available, swapTotal: swaptotal, swapUsed: swapused },
        cpuSeconds: {
          user: seconds('user'),
          nice: seconds('nice'),
          system: seconds('sys'),
          idle: seconds('idle'),
          irq: seconds('irq'),
        },
        cores: times.length,
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
