import type { Instance } from './instances.ts'
import type { Policy } from './policy.ts'
import type { Process, ProcessTree } from './process.ts'
import { baseName } from './words.ts'

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
 * servers start at once serves two owners and is no duplicate. The oldest `copies(command)` stay, or the newest where
 * the policy turns it round.
 *
 * PPID 1 by itself proves nothing: in many containers init is the application, and starts by itself what elsewhere
 * hangs below a gateway. An instance below init is an orphan when there is an intact copy of its identity that hangs
 * where it should, and one of three things shows that this one was reparented: it was seen below another parent
 * before; it lost the launchers that its copy has; or init is one that starts one program only and adopts the rest.
 * So many intact copies as are allowed stay in any case.
 */
export function findLeaks(
  instances: readonly Instance[],
  tree: ProcessTree,
  { copies, keep }: Pick<Policy, 'copies' | 'keep'>,
): readonly StandingInstance[] {
  const leaked = new Map<Instance, 'orphan' | 'duplicate'>()
  const inside = new Map(instances.map((instance) => [instance, isInside(instance, tree)]))
  const comparable = instances.filter((one) => one.identity.kind === 'known' && one.parent && inside.get(one))
  for (const same of Map.groupBy(comparable, digestOf).values()) {
    const allowed = copies(same[0]?.command ?? '')
    const isOrphan = orphanAmong(same, tree)
    const orphans = same.filter(isOrphan).sort(oldestFirst)
    for (const orphan of orphans.slice(0, Math.max(0, same.length - allowed))) leaked.set(orphan, 'orphan')
    const settled = same.filter((instance) => !leaked.has(instance))
    for (const siblings of Map.groupBy(settled, parentOf).values()) {
      siblings.sort(oldestFirst)
      if (keep(siblings[0]?.command ?? '') === 'newest') siblings.reverse()
      for (const extra of siblings.slice(allowed)) leaked.set(extra, 'duplicate')
    }
  }
  return instances.map((instance) => {
    if (instance.root.pid === tree.init) return { ...instance, standing: 'init' }
    if (instance.parent === undefined || !inside.get(instance)) return { ...instance, standing: 'outside' }
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

/** Whether it descends from the container's init; what `docker exec` started does not, nor what that started. */
function isInside({ root }: Instance, { processes, init }: ProcessTree): boolean {
  let process: Process | undefined = root
  // A process is never its own ancestor, but a tree is read process by process while it changes.
  for (let depth = 0; process !== undefined && depth <= processes.size; depth++) {
    if (process.pid === init) return true
    process = processes.get(process.ppid)
  }
  return false
}

/** Programs that are made to be PID 1: they start one program and adopt whatever loses its parent. */
export const adoptingInit = /^(tini|tini-static|docker-init|dumb-init|catatonit)$/

/** Tells the orphans among instances of one identity; an intact copy hangs elsewhere, or has more launchers. */
function orphanAmong(same: readonly Instance[], tree: ProcessTree): (instance: Instance) => boolean {
  const elsewhere = same.some((instance) => parentOf(instance) !== tree.init)
  const mostLaunchers = same.reduce((most, { launchers }) => Math.max(most, launchers), 0)
  const init = tree.processes.get(tree.init)
  const adopting = adoptingInit.test(baseName(init?.argv[0] ?? ''))
  return (instance) => {
    if (parentOf(instance) !== tree.init) return false
    const lostLaunchers = mostLaunchers > instance.launchers
    if (!elsewhere && !lostLaunchers) return false
    return instance.reparented || adopting || lostLaunchers
  }
}
