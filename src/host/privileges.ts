import type { Procfs } from './procfs.ts'
import { errorMessage } from './reading.ts'
import type { Signals } from './signal.ts'

/** Something that pidwarden may not do, and what does not work without it. */
export interface MissingPrivilege {
  readonly name: string
  readonly consequence: string
}

/** Bit numbers of capabilities(7), and what each is for here. */
const needed = [
  { bit: 5n, name: 'CAP_KILL', consequence: 'processes of other users cannot be signalled' },
  {
    bit: 19n,
    name: 'CAP_SYS_PTRACE',
    consequence:
      'directory and environment of processes cannot be read: nothing is called a duplicate or an orphan',
  },
  {
    bit: 2n,
    name: 'CAP_DAC_READ_SEARCH',
    consequence: 'open sockets and environment of other users cannot be read: their processes are all kept',
  },
]

/** What is missing, each with its consequence. Empty when everything works. */
export function missingPrivileges(
  procfs: Procfs,
  signals: Signals,
  ownPid: number,
): readonly MissingPrivilege[] {
  const capabilities = procfs.ownCapabilities()
  const missing: MissingPrivilege[] = needed.filter(({ bit }) => (capabilities & (1n << bit)) === 0n)
  try {
    signals.open(ownPid)?.close()
  } catch (error) {
    missing.push({ name: 'pidfd_open', consequence: `nothing can be signalled: ${errorMessage(error)}` })
  }
  return missing.map(({ name, consequence }) => ({ name, consequence }))
}
