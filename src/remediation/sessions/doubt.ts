import type { RememberedSession, RememberedTree, SessionMemory } from './memory.ts'

type Seen = Pick<RememberedSession, 'id' | 'seenIn'>

/**
 * Which trees a session may use beside those that are taken for its own. A tree is taken for that of the session that
 * came when it was first used; it is that of another one if that one, there already, first used the server just then. So
 * whoever was there and has no tree of the server may use it, and whoever has one may as well if that one may in turn be
 * somebody else's. Sessions that are gone took their trees with them: only those that are there count. Pure.
 */
export function doubtsOf({
  sessions,
  trees,
}: Pick<SessionMemory, 'sessions' | 'trees'>): (session: Seen) => (tree: RememberedTree) => boolean {
  const owned = Map.groupBy(
    trees.filter(({ standing }) => standing === 'owned'),
    ({ command }) => command,
  )
  const seenIn = new Map(sessions.map((one) => [one.id, one.seenIn]))
  return (session) => {
    const horizons = new Map<string, number>()
    function horizonOf(command: string): number {
      const known = horizons.get(command)
      if (known !== undefined) return known
      const horizon = swappable(session, owned.get(command) ?? [], sessions)
      horizons.set(command, horizon)
      return horizon
    }
    return (tree) => {
      const { standing, takenIn, command, session: owner = '' } = tree
      if (standing === 'spare' || owner === session.id) return false
      // What was in use before it came, is used by another for life.
      if (standing === 'taken') return takenIn === undefined || takenIn >= session.seenIn
      if (firstUse(tree) < session.seenIn) return false
      const since = seenIn.get(owner)
      return since === undefined || since <= horizonOf(command)
    }
  }
}

/** The look that saw the first use of an owned tree. What nobody has written down may be any. */
function firstUse({ ownedIn = Number.POSITIVE_INFINITY }: RememberedTree): number {
  return ownedIn
}

/**
 * Whose trees of one server a session may use instead of its own: those of sessions that were first seen by this look or
 * before; Infinity = of all. It has none, or one that may be that of somebody who was there then: who has none, or has
 * one that may be that of somebody else again.
 */
function swappable({ id }: Seen, ofServer: readonly RememberedTree[], sessions: readonly Seen[]): number {
  const own = new Map(ofServer.map((tree) => [tree.session, firstUse(tree)]))
  const present = new Set(sessions.map((one) => one.id))
  // A tree whose owner is gone, and which is still there, was not his.
  if (ofServer.some(({ session = '' }) => !present.has(session))) return Number.POSITIVE_INFINITY
  let horizon = own.get(id) ?? Number.POSITIVE_INFINITY
  for (;;) {
    const before = sessions.filter((one) => one.id !== id && one.seenIn <= horizon)
    const next = Math.max(horizon, ...before.map((one) => own.get(one.id) ?? Number.POSITIVE_INFINITY))
    if (next === horizon) return horizon
    horizon = next
  }
}
