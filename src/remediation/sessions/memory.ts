import { type Static, Type } from 'typebox'
import type { GatewaySessions } from '../../host/metamcp.ts'
import { attribute, isUsed } from './attribute.ts'
import type { SeenTree } from './trees.ts'

const closed = { additionalProperties: false } as const

/** A session that the gateway has. */
export const RememberedSession = Type.Object(
  {
    id: Type.String(),
    /** False: of a kind that cannot be closed by its id. */
    closable: Type.Boolean(),
    /** When it was seen first, seconds after boot. */
    seen: Type.Number(),
    /** The look that saw it first; 0 = it was there before anybody looked. */
    seenIn: Type.Integer(),
  },
  closed,
)
export type RememberedSession = Readonly<Static<typeof RememberedSession>>

/** A server below the gateway, with everything below it. Times in seconds after boot. */
export const RememberedTree = Type.Object(
  {
    key: Type.String(),
    command: Type.String(),
    startedAt: Type.Number(),
    pulse: Type.Optional(Type.String()),
    /** When its pulse was first seen to be what it still is: since then nothing has happened in it. */
    movedAt: Type.Number(),
    /** It has come to rest once: its start is over. */
    settled: Type.Boolean(),
    /** spare: nobody has used it yet. taken: somebody may have, and it cannot be told who. */
    standing: Type.Enum(['spare', 'taken', 'owned']),
    /** For `owned`: the session that uses it. */
    session: Type.Optional(Type.String()),
    /** And the look that first saw it in use. */
    ownedIn: Type.Optional(Type.Integer()),
    /** For `taken`: the look that first saw it in use. */
    takenIn: Type.Optional(Type.Integer()),
    /** The look that saw it first, and the only session that may have made the gateway start it. */
    bornIn: Type.Optional(Type.Integer()),
    bornWith: Type.Optional(Type.String()),
  },
  closed,
)
export type RememberedTree = Readonly<Static<typeof RememberedTree>>

/** What is known of the sessions of one life of a container. */
export const SessionMemory = Type.Object(
  {
    /** The number of the last look, and when it was, seconds after boot. */
    look: Type.Integer(),
    at: Type.Number(),
    /** It came so late that what has happened before it need not belong together. */
    blind: Type.Boolean(),
    sessions: Type.Array(RememberedSession),
    trees: Type.Array(RememberedTree),
  },
  closed,
)
export type SessionMemory = Readonly<Static<typeof SessionMemory>>

/** What one look sees. */
export interface Look {
  /** When the trees had been read and the gateway was not yet asked, seconds after boot. */
  readonly at: number
  readonly sessions: GatewaySessions
  readonly trees: readonly SeenTree[]
}

/** How far looks are apart, seconds. */
export interface Rhythm {
  /** Across a longer gap nobody can tell what belongs together. */
  readonly longestGap: number
  /** So long nothing happens in a server whose start is over. */
  readonly rest: number
}

/**
 * Adds a look to what is known. What is not there any more is forgotten, so that there is never more than the gateway
 * has. Pure.
 */
export function remember(
  before: SessionMemory | undefined,
  { at, sessions: listed, trees: seen }: Look,
  { longestGap, rest }: Rhythm,
): SessionMemory {
  const look = before === undefined ? 0 : before.look + 1
  const known = new Map(before?.sessions.map((session) => [session.id, session]))
  const all = [
    ...listed.closable.map((id) => ({ id, closable: true })),
    ...listed.others.map((id) => ({ id, closable: false })),
  ]
  const sessions = all.map(({ id, closable }): RememberedSession => {
    const { seen: first, seenIn } = known.get(id) ?? { seen: at, seenIn: look }
    return { id, closable, seen: first, seenIn }
  })
  const now = { look, at, blind: before === undefined || at - before.at > longestGap }
  if (before === undefined) {
    // Where no session is, nobody has used anything.
    const standing = all.length === 0 ? 'spare' : 'taken'
    return { ...now, sessions, trees: seen.map((tree) => ({ ...first(tree, at), standing })) }
  }
  const treesBefore = new Map(before.trees.map((tree) => [tree.key, tree]))
  const old = seen.flatMap((tree) => {
    const earlier = treesBefore.get(tree.key)
    return earlier === undefined
      ? []
      : [{ tree: again(earlier, tree, at, rest), used: isUsed(earlier, tree, at) }]
  })
  const born = seen.filter(({ key }) => !treesBefore.has(key))
  // One that was started earlier than the last look hung elsewhere until now.
  const isNew = ({ startedAt }: SeenTree): boolean => startedAt >= before.at - roundings
  const trees = attribute({
    look,
    blind: now.blind,
    blindBefore: before.blind,
    sessions,
    old,
    born: born.filter(isNew).map((tree) => first(tree, at)),
  })
  const strange = born.filter((tree) => !isNew(tree)).map((tree) => first(tree, at))
  return { ...now, sessions, trees: [...trees, ...strange] }
}

/** Start times are told in clock ticks after boot, and the uptime in hundredths of a second; seconds. */
const roundings = 0.05

/** A tree that is seen for the first time: it may be in use, until something speaks against it. */
function first({ key, command, startedAt, pulse }: SeenTree, at: number): RememberedTree {
  const tree = { key, command, startedAt, movedAt: at, settled: false, standing: 'taken' } as const
  return pulse === undefined ? tree : { ...tree, pulse }
}

function again(
  { pulse: pulseBefore, ...before }: RememberedTree,
  { command, pulse }: SeenTree,
  at: number,
  rest: number,
): RememberedTree {
  const rests = pulse !== undefined && pulse === pulseBefore
  return {
    ...before,
    // What is looked at while it starts is called by its launcher.
    command,
    ...(pulse !== undefined && { pulse }),
    movedAt: rests ? before.movedAt : at,
    settled: before.settled || (rests && at - before.movedAt >= rest),
  }
}
