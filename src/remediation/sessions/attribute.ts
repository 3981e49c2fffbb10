import type { RememberedSession, RememberedTree } from './memory.ts'
import type { SeenTree } from './trees.ts'

/** For so long after its start something may happen in a server without anybody using it, seconds. */
const longestStart = 300

/** A tree of the look before, seen again. */
interface Again {
  readonly tree: RememberedTree
  /** Something has happened in it that its start does not explain. */
  readonly used: boolean
}

/** What one look found. */
interface Found {
  readonly look: number
  /** So much time has passed since the look before that what has happened need not belong together. */
  readonly blind: boolean
  readonly blindBefore: boolean
  readonly sessions: readonly RememberedSession[]
  readonly old: readonly Again[]
  /** Those that were started since the look before. */
  readonly born: readonly RememberedTree[]
}

/** Whether a tree does something that had come to rest, or is too old to be still starting. */
export function isUsed(before: RememberedTree, { pulse }: SeenTree, at: number): boolean {
  const rests = pulse !== undefined && pulse === before.pulse
  return !rests && (before.settled || at - before.startedAt > longestStart)
}

/**
 * Tells which session uses which tree. MetaMCP keeps a spare copy of every server (mcp-server-pool.ts): a session that
 * first uses the server takes the spare one, and another is started in its place. So what belongs to a session is not
 * what is started when it comes, but what has rested and begins to move when it comes; and what is started then is the
 * next spare one. A tree has one session for life.
 *
 * Whatever is not plain (two sessions between two looks, two trees of one server that begin to move, one that begins
 * when nobody came) is `taken`: in use, nobody knows by whom. Pure.
 */
export function attribute(found: Found): readonly RememberedTree[] {
  const { look, blind, blindBefore, sessions, old, born } = found
  const came = (ago: number) => sessions.filter(({ seenIn }) => seenIn > 0 && seenIn === look - ago)
  // Who was first seen by the look before may have used its servers only after that.
  const comers = blind ? [] : [...came(0), ...(blindBefore ? [] : came(1))]
  const trees = [...beginners(old, comers, found), ...newborn(born, comers, found)]
  return settle(trees, look)
}

/** A spare tree that begins to move belongs to the one who came, if nobody else did and no other tree of it moves. */
function beginners(
  old: readonly Again[],
  comers: readonly RememberedSession[],
  { look }: Found,
): RememberedTree[] {
  return old.map(({ tree, used }) => {
    if (!used || tree.standing === 'owned') return tree
    const same = old.filter((one) => one.tree.command === tree.command)
    const begins = same.filter((one) => one.used && one.tree.standing === 'spare')
    const [comer, second] = comers.filter(({ id }) => same.every((one) => one.tree.session !== id))
    if (tree.standing === 'spare' && begins.length === 1 && comer !== undefined && second === undefined)
      return { ...tree, standing: 'owned', session: comer.id, ownedIn: look }
    return { ...tree, standing: 'taken', takenIn: tree.takenIn ?? look }
  })
}

/** What is started when nobody came is spare. Otherwise it is not called by its name yet, and is told later. */
function newborn(
  born: readonly RememberedTree[],
  [comer, second]: readonly RememberedSession[],
  { look, blind }: Found,
): RememberedTree[] {
  return born.map((tree) => {
    if (blind || second !== undefined) return tree
    return comer === undefined
      ? { ...tree, standing: 'spare' }
      : { ...tree, bornIn: look, bornWith: comer.id }
  })
}

/**
 * What was started with a session, and rests, is spare if the session has another tree of that server: one that is
 * known, or the only one that was first seen in use just then. That is how spare trees become known where sessions
 * were there before anybody looked.
 */
function settle(trees: readonly RememberedTree[], look: number): readonly RememberedTree[] {
  const known = new Map(trees.map((tree) => [tree.key, tree]))
  for (const { key, command, settled, bornIn, bornWith } of trees) {
    const tree = known.get(key)
    if (tree === undefined || bornIn === undefined || bornWith === undefined || !settled) continue
    const same = [...known.values()].filter((one) => one.command === command && one.key !== key)
    const begun = same.filter(
      ({ standing, takenIn = 0 }) => standing === 'taken' && (takenIn === bornIn || takenIn === bornIn + 1),
    )
    const { bornWith: _, bornIn: __, ...rest } = tree
    const [only, second] = begun
    const isOwner = same.some(({ session }) => session === bornWith)
    if (!isOwner && only !== undefined && second === undefined)
      known.set(only.key, { ...only, standing: 'owned', session: bornWith, ownedIn: only.takenIn ?? look })
    if (isOwner || (only !== undefined && second === undefined))
      known.set(key, { ...rest, standing: 'spare' })
    else if (look > bornIn + 1) known.set(key, rest)
  }
  return [...known.values()]
}
