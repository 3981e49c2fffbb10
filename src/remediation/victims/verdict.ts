import type { StandingInstance } from '../../census/leaks.ts'
import type { Policy } from '../../census/policy.ts'
import type { Process, ProcessTree } from '../../census/process.ts'
import type { Reading } from '../../host/reading.ts'
import type { Choice } from './choices.ts'
import type { Keep } from './keep.ts'
import type { ProcessKey } from './key.ts'

/** Why an instance is a victim, is not one yet, or never will be. */
export type VictimReason =
  | 'orphan'
  | 'duplicate'
  /** Nothing protects it, and more than what is leaked may be ended. */
  | 'unprotected'
  | 'hangs_below_victim'
  | 'too_young'
  | 'allowed_copy'
  /** One of those of its identity that the step must leave. */
  | 'spared_copy'
  | 'other_action'
  | 'init'
  | 'started_from_outside'
  | 'identity_uncertain'
  | 'profile_forbids'
  | 'gateway'
  | 'protected_command'
  | 'listens'
  | 'sockets_unreadable'
  | 'memory_unreadable'
  | 'own_process'

/** The judgement about one instance. */
export interface Verdict {
  readonly instance: StandingInstance
  /**
   * with: ends with a victim in whose tree it is. later: a candidate too, not looked at to the end, because enough
   * others come first.
   */
  readonly verdict: 'kill' | 'with' | 'later' | 'wait' | 'keep'
  readonly reason: VictimReason
  /** Seconds since its root was started. */
  readonly ageSeconds: number
  /** For `wait`: seconds until the instance is old enough. */
  readonly waitSeconds?: number
  /** For candidates: the whole tree below the root, parents before their children. */
  readonly tree: readonly Process[]
  /** For candidates: whether nothing in the tree has run of late. It only ranks. */
  readonly idle?: boolean
  /** Private memory of the whole tree, bytes; where it ranks. */
  readonly memory?: number
  /** Cores that the whole tree uses; where it ranks. */
  readonly cpu?: number
}

/** What the choice is made from; nothing is read in here but sockets and memory, and those through the functions. */
export interface VictimFacts {
  readonly choice: Choice
  readonly instances: readonly StandingInstance[]
  readonly tree: ProcessTree
  /** Seconds since boot when they were read. */
  readonly uptime: number
  readonly policy: Policy
  /** Which copies stay, where the step says so; undefined = as the policy and the census have it. */
  readonly keep?: Keep | undefined
  /** Seconds that a candidate must have lived. */
  readonly minimumAge: number
  readonly ownPid: number
  /** Processes that were gateways at earlier looks: one whose children were all ended is one still. */
  readonly gateways: ReadonlySet<ProcessKey>
  readonly listens: (pid: number) => Reading<boolean>
  /** Private memory in bytes, asked for candidates alone. */
  readonly memory: (pid: number) => Reading<number>
  /** Cores that a process uses. */
  readonly cpu: (process: Process) => number
  /** How many victims are wanted: sockets are dear to look at, so that no more candidates than that are checked. */
  readonly wanted: number
}
