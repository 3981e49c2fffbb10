/** The fields of /proc/<pid>/stat that pidwarden uses; proc_pid_stat(5) numbers them. */
export interface ProcStat {
  readonly pid: number
  /** Field 2, at most 15 bytes; the kernel's name for the process, free to be changed by it. */
  readonly comm: string
  /** Field 3: R, S, D, Z, T … */
  readonly state: string
  readonly ppid: number
  readonly pgrp: number
  readonly session: number
  /** Field 7: 0 when the process has no controlling terminal. */
  readonly tty: number
  /** Fields 14 + 15, in clock ticks. */
  readonly cpuTicks: number
  /** Field 20. */
  readonly threads: number
  /** Field 22, clock ticks after boot. With the pid it names one process for as long as the machine runs. */
  readonly startTicks: number
  /** Field 24, pages. */
  readonly rssPages: number
}

const [space, minus, zero, nine, opening, closing] = [0x20, 0x2d, 0x30, 0x39, 0x28, 0x29]

/** Where the line is being read, and how long it is. Parsing is synchronous: no two lines are read at once. */
let at = 0
let end = 0

/**
 * Parses the one line of /proc/<pid>/stat, the first `length` bytes. It is read byte by byte: this is done for every
 * process at every scrape, and to split it into fifty strings costs as much as to have the kernel write it.
 * comm may hold spaces and parentheses, so the last ')' ends it. Throws an Error when the line is none.
 */
export function parseStat(line: Buffer, length = line.length): ProcStat {
  at = 0
  end = length
  const pid = integer(line)
  const open = at
  let close = length - 1
  while (close > open && line[close] !== closing) close--
  if (line[open] !== opening || close <= open || close + 2 >= length)
    throw new Error(`no comm in stat line: ${line.toString('latin1', 0, Math.min(length, 60))}`)
  const comm = line.toString('utf8', open + 1, close)
  const state = String.fromCharCode(line[close + 2] ?? space)
  at = close + 4
  const ppid = integer(line)
  const pgrp = integer(line)
  const session = integer(line)
  const tty = integer(line)
  skip(line, 6)
  const cpuTicks = integer(line) + integer(line)
  skip(line, 4)
  const threads = integer(line)
  skip(line, 1)
  const startTicks = integer(line)
  skip(line, 1)
  const rssPages = integer(line)
  return { pid, comm, state, ppid, pgrp, session, tty, cpuTicks, threads, startTicks, rssPages }
}

/** The integer at the cursor, which moves behind the space that ends it; NaN where the line has ended. */
function integer(line: Buffer): number {
  if (at >= end) return Number.NaN
  const negative = line[at] === minus
  if (negative) at++
  let value = 0
  for (let byte = line[at] ?? 0; at < end && byte >= zero && byte <= nine; byte = line[++at] ?? 0)
    value = value * 10 + (byte - zero)
  at++
  return negative ? -value : value
}

/** Moves the cursor over `fields` fields. */
function skip(line: Buffer, fields: number): void {
  for (let left = fields; left > 0 && at < end; at++) if (line[at] === space) left--
}
