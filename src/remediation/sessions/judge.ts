import { doubtsOf } from './doubt.ts'
import type { RememberedSession, RememberedTree, SessionMemory } from './memory.ts'

/** Why a session is abandoned, or is taken not to be. */
export type SessionReason =
  | 'abandoned'
  | 'not_closable'
  | 'too_young'
  | 'no_process_of_its_own'
  | 'activity_unknown'
  | 'in_use'
  | 'not_one_to_one'

/** The judgement about one session. */
export interface SessionVerdict {
  readonly session: string
  readonly verdict: 'close' | 'keep'
  readonly reason: SessionReason
  /** For how long it has been known, seconds. It may be older. */
  readonly ageSeconds: number
  /** For how long nothing has happened in its processes; absent where it has none that are known. */
  readonly idleSeconds?: number
  /** Keys of the trees that are its own. */
  readonly trees: readonly string[]
  /** What stands in the way, for people. */
  readonly detail?: string
}

/** What makes a session abandoned, seconds. */
export interface Patience {
  readonly maxAge: number
  readonly maxIdle: number
}

/**
 * Judges every session by the last look, oldest first. Abandoned is one that has been known for `maxAge`, whose own
 * trees are known, and in which, as in every tree that may be its own as well, nothing has happened for `maxIdle`.
 * Idle alone proves nothing, nor does age; every doubt keeps the session. Pure.
 */
export function judgeSessions(memory: SessionMemory, patience: Patience): readonly SessionVerdict[] {
  const { at, sessions, trees } = memory
  const doubts = doubtsOf(memory)
  return sessions
    .toSorted((a, b) => a.seen - b.seen)
    .map((session) => judge(session, at, trees, doubts(session), patience))
    .sort((a, b) => Number(a.verdict === 'keep') - Number(b.verdict === 'keep'))
}

function judge(
  session: RememberedSession,
  at: number,
  trees: readonly RememberedTree[],
  mayUse: (tree: RememberedTree) => boolean,
  { maxAge, maxIdle }: Patience,
): SessionVerdict {
  const own = trees.filter(({ session: owner }) => owner === session.id)
  const ageSeconds = at - session.seen
  const idleOf = ({ movedAt }: RememberedTree): number => at - movedAt
  const about = {
    session: session.id,
    ageSeconds,
    ...(own.length > 0 && { idleSeconds: Math.min(...own.map(idleOf)) }),
    trees: own.map(({ key }) => key),
  }
  const keep = (reason: SessionReason, detail?: string): SessionVerdict => ({
    ...about,
    verdict: 'keep',
    reason,
    ...(detail !== undefined && { detail }),
  })
  if (!session.closable) return keep('not_closable', 'it is no session of Streamable HTTP')
  if (ageSeconds < maxAge) return keep('too_young')
  if (own.length === 0)
    return keep('no_process_of_its_own', 'when it came it could not be told which processes it uses')
  const busy = (tree: RememberedTree): boolean => tree.pulse === undefined || idleOf(tree) < maxIdle
  if (own.some(({ pulse }) => pulse === undefined)) return keep('activity_unknown')
  if (own.some(busy)) return keep('in_use')
  const doubtful = trees.find((tree) => busy(tree) && mayUse(tree))
  if (doubtful !== undefined) {
    const [pid] = doubtful.key.split(' ')
    return keep('not_one_to_one', `${doubtful.command}, pid ${pid}, is in use, and may be by this session`)
  }
  return { ...about, verdict: 'close', reason: 'abandoned' }
}

/** How many verdicts a plan names one by one; the rest is counted. */
const named = 200

/** Verdicts as the journal keeps them. */
export function printable(verdicts: readonly SessionVerdict[]): unknown {
  const told = verdicts.slice(0, named).map(({ ageSeconds, idleSeconds, trees, ...verdict }) => ({
    ...verdict,
    ageSeconds: Math.round(ageSeconds),
    ...(idleSeconds !== undefined && { idleSeconds: Math.round(idleSeconds) }),
    trees: trees.length,
  }))
  const rest = Map.groupBy(verdicts.slice(named), ({ verdict, reason }) => `${verdict}: ${reason}`)
  return [...told, ...[...rest].map(([what, all]) => ({ more: all.length, what }))]
}
