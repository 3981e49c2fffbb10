import { randomBytes } from 'node:crypto'
import type { Procfs, ProcStat } from '../host/procfs.ts'
import { valueIn } from '../host/reading.ts'
import { type Command, commandOf, programIn } from './command.ts'
import { type Identity, identityOf } from './identity.ts'
import type { Describe } from './instances.ts'
import type { Process } from './process.ts'

/** What does not change while a process lives and keeps its comm. */
interface Remembered {
  readonly comm: string
  readonly argv: readonly string[]
  command?: Command
  identity?: Identity
  /** Its parent when it was first seen. A process gets another one only by losing it. */
  readonly firstParent: number
  seenIn: number
  /** False while a look in the very moment of its start may have seen what stood there before exec. */
  settled: boolean
}

/** Seconds after which a process that was forked to execute another program has done so. */
const settledAge = 2

/**
 * The memory of the census: argv, command and identity are read once for each process, told apart by pid and start
 * time. A process seen for the first time is a process start.
 */
export class ProcessMemory implements Describe {
  readonly #procfs: Procfs
  /** New at every start of pidwarden, so that a digest says nothing about the environment behind it. */
  readonly #key = randomBytes(32)
  readonly #known = new Map<string, Remembered>()
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
    for (const [life, { seenIn }] of this.#known) if (seenIn < round) this.#known.delete(life)
  }

  /** The argv, and whether the process is new; undefined when it has ended meanwhile. `fresh` reads it again. */
  argv(
    stat: ProcStat,
    ageSeconds: number,
    fresh: boolean,
  ): { argv: readonly string[]; started: boolean } | undefined {
    const life = lifeOf(stat)
    const before = this.#known.get(life)
    // exec keeps pid and start time: a changed comm is the sign that the rest changed with it.
    if (before !== undefined && before.comm === stat.comm && before.settled && !fresh) {
      before.seenIn = this.#round
      return { argv: before.argv, started: false }
    }
    const reading = this.#procfs.argv(stat.pid)
    if (reading.kind === 'gone') return undefined
    const argv = reading.kind === 'value' ? reading.value : []
    // While a program is being executed comm may be new already and argv still empty, or both still the parent's.
    const settled = argv.length > 0 && ageSeconds > settledAge
    const firstParent = before?.firstParent ?? stat.ppid
    this.#known.set(life, { comm: stat.comm, argv, settled, firstParent, seenIn: this.#round })
    return { argv, started: before === undefined }
  }

  command(process: Process): Command {
    const known = this.#known.get(lifeOf(process))
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
    const known = this.#known.get(lifeOf(process))
    return known !== undefined && known.firstParent !== process.ppid
  }

  /** What could not be read is tried again the next time. */
  identity(leaf: Process): Identity {
    const known = this.#known.get(lifeOf(leaf))
    if (known?.identity?.kind === 'known') return known.identity
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
}

function lifeOf({ pid, startTicks }: Pick<ProcStat, 'pid' | 'startTicks'>): string {
  return `${pid} ${startTicks}`
}
