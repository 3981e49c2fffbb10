import { closeSync } from 'node:fs'
import koffi from 'koffi'

/** Signal numbers are the same on every Linux architecture that Node runs on (signal(7)). */
export const signalNumbers = { SIGTERM: 15, SIGKILL: 9, SIGCHLD: 17 } as const

/** The signals that pidwarden knows. */
export type SignalName = keyof typeof signalNumbers

/** One process, pinned: whatever happens to its pid, this refers to the process it was opened for. */
export interface ProcessHandle {
  readonly pid: number
  /** `gone` when the process has ended (ESRCH). Throws on EPERM: CAP_KILL is missing. */
  send(signal: SignalName): 'sent' | 'gone'
  close(): void
}

/** Signals through pidfds, so that a pid which was reused meanwhile is never hit. */
export interface Signals {
  /** Undefined when no such process exists. Throws when the kernel refuses for another reason. */
  open(pid: number): ProcessHandle | undefined
}

// pidfd_open(2), Linux 5.3, and pidfd_send_signal(2), Linux 5.1: glibc wraps them only since 2.36, and the
// numbers are the same on all architectures, so the plain syscall(2) serves everywhere.
const pidfdOpen = 434
const pidfdSendSignal = 424

const errnoNames: Record<number, string> = {
  1: 'EPERM',
  3: 'ESRCH',
  22: 'EINVAL',
  24: 'EMFILE',
  38: 'ENOSYS',
}

/** The Signals of this machine's kernel. */
export function createSignals(): Signals {
  const syscall = koffi.load(null).func('long syscall(long number, long a, long b, long c, long d)')
  const call = (
    what: string,
    number: number,
    ...args: [number, number, number, number]
  ): number | 'ESRCH' => {
    const result = Number(syscall(number, ...args))
    if (result >= 0) return result
    const errno = koffi.errno()
    const name = errnoNames[errno] ?? `errno ${errno}`
    if (name === 'ESRCH') return name
    throw Object.assign(new Error(`${what}: ${name}${advice[name] ?? ''}`), { code: name })
  }
  return {
    open(pid) {
      const fd = call(`pidfd_open(${pid})`, pidfdOpen, pid, 0, 0, 0)
      if (fd === 'ESRCH') return undefined
      return {
        pid,
        send: (signal) =>
          call(`pidfd_send_signal(${pid}, ${signal})`, pidfdSendSignal, fd, signalNumbers[signal], 0, 0) ===
          'ESRCH'
            ? 'gone'
            : 'sent',
        close: () => closeSync(fd),
      }
    },
  }
}

const advice: Record<string, string> = {
  EPERM: ' (give pidwarden CAP_KILL, and allow pidfd_open and pidfd_send_signal in its seccomp profile)',
  ENOSYS: ' (the kernel has no pidfd: Linux 5.3 or later is needed)',
}
