import type { Instance } from './instances.ts'
import type { Policy } from './policy.ts'
import type { ProcessTree } from './process.ts'

/**
 * What an instance is to its container. `orphan` and `duplicate` are leaked; everything else stays, whatever the
 * profile says.
 */
export type Standing =
  /** The container's own init, and what it was collapsed with. */
  | 'init'
  /** Started from outside, by `docker exec` or a health check: its parent is not in the container. */
  | 'outside'
  /** Within the allowed copies of its identity. */
  | 'allowed'
  /** A part of its identity could not be read. */
  | 'uncertain'
  | 'orphan'
  | 'duplicate'

/** An instance, and what it is. */
export interface StandingInstance extends Instance {
  readonly standing: Standing
}

/**
 * Tells the standing of every instance.
 *
 * Copies are counted among siblings, that is instances of one identity below the same parent: the `git` that two
 * servers start at once serves two owners and is no duplicate. The oldest `copies(command)` stay, or the newest where the policy
 * turns it round.
 *
 * An instance below the container's init is an orphan when the place of its siblings shows that it was reparented:
 * an intact copy of the same identity hangs below another parent, or is headed by launchers that this one lost.
 * PPID 1 by itself proves nothing: in many containers init is the application.
 */
export function findLeaks(
  instances: readonly Instance[],
  tree: ProcessTree,
  { copies, keep }: Pick<Policy, 'copies' | 'keep'>,
): readonly StandingInstance[] {
  const leaked = new Map<Instance, 'orphan' | 'duplicate'>()
  const comparable = instances.filter(
    ({ identity, parent }) => identity.kind === 'known' && parent !== undefined,
  )
  for (const same of Map.groupBy(comparable, digestOf).values()) {
    for (const instance of same) if (isOrphan(instance, same, tree.init)) leaked.set(instance, 'orphan')
    const settled = same.filter((instance) => !leaked.has(instance))
    for (const siblings of Map.groupBy(settled, parentOf).values()) {
      const [oldest] = siblings.sort(oldestFirst)
      if (oldest === undefined) continue
      if (keep(oldest.command) === 'newest') siblings.reverse()
      for (const extra of siblings.slice(copies(oldest.command))) leaked.set(extra, 'duplicate')
    }
  }
  return instances.map((instance) => {
    if (instance.root.pid === tree.init) return { ...instance, standing: 'init' }
    if (instance.parent === undefined) return { ...instance, standing: 'outside' }
    if (instance.identity.kind === 'uncertain') return { ...instance, standing: 'uncertain' }
    return { ...instance, standing: leaked.get(instance) ?? 'allowed' }
  })
}

const digestOf = ({ identity }: Instance): string => (identity.kind === 'known' ? identity.digest : '')
const parentOf = ({ parent }: Instance): number => parent?.pid ?? 0

/** Start times are ticks of 10 ms: where two are equal, the lower pid is the older nearly always. */
function oldestFirst(a: Instance, b: Instance): number {
  return a.root.startTicks - b.root.startTicks || a.root.pid - b.root.pid
}

function isOrphan(instance: Instance, same: readonly Instance[], init: number): boolean {
  if (parentOf(instance) !== init) return false
  return same.some((other) => parentOf(other) !== init || other.launchers > instance.launchers)
}
