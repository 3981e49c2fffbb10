import type { Census } from '../../census/observe.ts'
import type { Procfs } from '../../host/procfs.ts'
import type { SessionVerdict } from './judge.ts'
import type { RememberedTree, SessionMemory } from './memory.ts'
import { pulseNow } from './trees.ts'

/** Whether nothing has happened in the trees of a session since it was judged. */
export function isStill(
  { trees }: SessionVerdict,
  memory: SessionMemory,
  census: Pick<Census, 'tree'>,
  procfs: Pick<Procfs, 'stat' | 'io'>,
): boolean {
  return memory.trees
    .filter(({ key }) => trees.includes(key))
    .every(({ key, pulse }) => pulse !== undefined && pulseNow(key, census, procfs) === pulse)
}

/**
 * Whoever is still connected must have kept what is its own. When somebody has not, what belongs to whom is not what it
 * seems to be, and nothing more may be closed: why, for people.
 */
export function harmOf(before: SessionMemory, after: SessionMemory, closed: string): string | undefined {
  const connected = new Set(after.sessions.map(({ id }) => id))
  const there = new Set(after.trees.map(({ key }) => key))
  const isLost = ({ key, session }: RememberedTree): boolean =>
    session !== undefined && session !== closed && connected.has(session) && !there.has(key)
  const owners = [...new Set(before.trees.filter(isLost).map(({ session }) => session))]
  if (owners.length === 0) return undefined
  return `when session ${closed} was closed, processes of others went too (${owners.join(', ')}); nothing more is closed`
}
