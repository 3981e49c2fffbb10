import { createSecretKey, randomBytes } from 'node:crypto'
import type { Procfs, ProcStat } from '../host/procfs.ts'
import { valueIn } from '../host/reading.ts'
import { type Command, commandOf, programIn } from './command.ts'
import { type Identity, identityOf, isFinal } from './identity.ts'
import type { Describe } from './instances.ts'
import { ageOf, type Process } from './process.ts'

/** A process, and whether this is the first time that it was seen: a process start. */
export interface Seen {
  readonly process: Process
  readonly started: boolean
}

/** What does not change while a process lives and keeps its comm. */
interface Remembered {
  /** As it was last. A process in which nothing changed stays the same object. */
  seen: Seen
  command?: Command
  identity?: Identity
  /** Its parent when it was first seen. A process gets another one only by losing it. */
  readonly firstParent: number
  seenIn: number
  /** False while a look in the very moment of its start may have seen what stood there before exec. */
  readonly settled: boolean
}

/** Seconds after which a process that was forked to execute another program has done so. */
const settledAge = 2

/**
 * The memory of the census: argv, command and identity are read once for each process, told apart by pid and start
 * time.
 */
export class ProcessMemory implements Describe {
  readonly #procfs: Procfs
  /** New at every start of pidwarden, so that a digest says nothing about the environment behind it. */
  readonly #key = createSecretKey(randomBytes(32))
  readonly #known = new Map<number, Remembered>()
  #round = 0

  constructor(procfs: Procfs) {
    this.#procfs = procfs
  }

  /** Begins a census of everything. */
  begin(): number {
    return ++this.#round
  }

  /** Forgets whom no census since `round` has seen. */
  forgetBefore(round: number): void {
    for (const [pid, { seenIn }] of this.#known) if (seenIn < round) this.#known.delete(pid)
  }

  /**
   * The process that `stat` was read of, `uptime` seconds after boot; undefined when it has ended meanwhile. `fresh`
   * reads its argv again.
   */
  see(stat: ProcStat, uptime: number, fresh: boolean): Seen | undefined {
    const before = this.#recall(stat)
    // exec keeps pid and start time: a changed comm is the sign that the rest changed with it.
    if (before?.settled && before.seen.process.comm === stat.comm && !fresh) {
      before.seenIn = this.#round
      if (!isSame(stat, before.seen.process)) {
        const { argv } = before.seen.process
        before.seen = {
          process: { ...stat, argv, quietSince: quietSince(stat, before.seen.process, uptime) },
          started: false,
        }
      }
      return before.seen
    }
    const reading = this.#procfs.argv(stat.pid)
    if (reading.kind === 'gone') return undefined
    const argv = reading.kind === 'value' ? reading.value : []
    const process = { ...stat, argv, quietSince: quietSince(stat, before?.seen.process, uptime) }
    this.#known.set(stat.pid, {
      seen: { process, started: false },
      // While a program is being executed comm may be new already and argv still empty, or both still the parent's.
      settled: argv.length > 0 && ageOf(stat, uptime) > settledAge,
      firstParent: before?.firstParent ?? stat.ppid,
      seenIn: this.#round,
    })
    return { process, started: before === undefined }
  }

  /**
   * Takes it that these processes are as they were when they were last seen. False when one of them has to be looked
   * at again all the same, because it was too young.
   */
  confirm(processes: readonly Process[]): boolean {
    for (const process of processes) {
      const known = this.#recall(process)
      if (!known?.settled) return false
      known.seenIn = this.#round
    }
    return true
  }

  command(process: Process): Command {
    const known = this.#recall(process)
    if (known === undefined) return commandOf(process)
    known.command ??= this.#wholeCommand(process)
    return known.command
  }

  /** `node dist/index.js` in two directories is two programs. */
  #wholeCommand(process: Process): Command {
    const command = commandOf(process)
    if (!command.relative) return command
    return { ...command, program: programIn(command, valueIn(this.#procfs.cwd(process.pid)) ?? '') }
  }

  reparented(process: Process): boolean {
    const known = this.#recall(process)
    return known !== undefined && known.firstParent !== process.ppid
  }

  /** What could not be read is tried again the next time. */
  identity(leaf: Process): Identity {
    const known = this.#recall(leaf)
    if (known?.identity && isFinal(known.identity)) return known.identity
    const { pid, argv } = leaf
    const procfs = this.#procfs
    const identity = identityOf(
      {
        argv: { kind: 'value', value: argv },
        cwd: procfs.cwd(pid),
        uid: procfs.uid(pid),
        environ: procfs.environ(pid),
      },
      this.#key,
    )
    if (known !== undefined) known.identity = identity
    return identity
  }

  #recall({ pid, startTicks }: Pick<ProcStat, 'pid' | 'startTicks'>): Remembered | undefined {
    const known = this.#known.get(pid)
    return known?.seen.process.startTicks === startTicks ? known : undefined
  }
}

/** Since when a process has not run, as far as was seen. To execute another program, it must have. */
function quietSince(stat: ProcStat, before: Process | undefined, uptime: number): number {
  const still = before?.cpuTicks === stat.cpuTicks && before.comm === stat.comm
  return still ? (before.quietSince ?? uptime) : uptime
}

/** Whether nothing changed that may change without an exec. */
function isSame(a: ProcStat, b: ProcStat): boolean {
  return (
    a.rssPages === b.rssPages &&
    a.cpuTicks === b.cpuTicks &&
    a.threads === b.threads &&
    a.ppid === b.ppid &&
    a.state === b.state &&
    a.pgrp === b.pgrp &&
    a.session === b.session &&
    a.tty === b.tty
  )
}
