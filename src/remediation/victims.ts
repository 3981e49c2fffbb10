import type { StandingInstance } from '../census/leaks.ts'
import type { Policy } from '../census/policy.ts'
import { ageOf, type Process, type ProcessTree, subtree } from '../census/process.ts'
import { profiles } from '../census/profiles.ts'
import type { Reading } from '../host/reading.ts'

/** Why an instance is a victim, is not one yet, or never will be. */
export type VictimReason =
  | 'orphan'
  | 'duplicate'
  | 'too_young'
  | 'allowed_copy'
  | 'other_action'
  | 'init'
  | 'started_from_outside'
  | 'identity_uncertain'
  | 'profile_forbids'
  | 'gateway'
  | 'protected_command'
  | 'listens'
  | 'sockets_unreadable'
  | 'own_process'

/** The judgement about one instance. */
export interface Verdict {
  readonly instance: StandingInstance
  /** later: a candidate too, not looked at to the end, because enough others come first. */
  readonly verdict: 'kill' | 'wait' | 'later' | 'keep'
  readonly reason: VictimReason
  /** Seconds since its root was started. */
  readonly ageSeconds: number
  /** For `wait`: seconds until the instance is old enough. */
  readonly waitSeconds?: number
  /** For `kill` and `wait`: the whole tree below the root, parents before their children. */
  readonly tree: readonly Process[]
}

/** What the choice is made from; nothing is read in here but sockets, and those through `listens`. */
export interface VictimFacts {
  readonly instances: readonly StandingInstance[]
  readonly tree: ProcessTree
  /** Seconds since boot when they were read. */
  readonly uptime: number
  readonly policy: Policy
  /** Which leaked standing this action ends. */
  readonly standing: 'orphan' | 'duplicate'
  /** Seconds that a candidate must have lived. */
  readonly minimumAge: number
  readonly ownPid: number
  readonly listens: (pid: number) => Reading<boolean>
  /** How many victims are wanted: sockets are dear to look at, so that no more candidates than that are checked. */
  readonly wanted: number
}

/**
 * Judges every instance, victims first: the longest-lived orphans or the youngest duplicates lead, because the oldest
 * copies are those that are meant to stay. Only leaked instances can be victims; every doubt keeps the process.
 */
export function selectVictims(facts: VictimFacts): readonly Verdict[] {
  const gateways = findGateways(facts.instances, facts.tree.init)
  const order = { kill: 0, later: 1, wait: 2, keep: 3 }
  let wanted = facts.wanted
  return facts.instances
    .toSorted((a, b) => byAge(facts.standing, a, b))
    .map((instance) => {
      const verdict = judge(instance, facts, gateways)
      if (verdict.verdict !== 'kill') return verdict
      if (wanted === 0) return { ...verdict, verdict: 'later' as const }
      const listening = findListener(verdict.tree, facts)
      if (listening !== undefined)
        return { ...verdict, verdict: 'keep' as const, reason: listening, tree: [] }
      wanted--
      return verdict
    })
    .sort((a, b) => order[a.verdict] - order[b.verdict])
}

function byAge(standing: 'orphan' | 'duplicate', a: StandingInstance, b: StandingInstance): number {
  const older = a.root.startTicks - b.root.startTicks || a.root.pid - b.root.pid
  return standing === 'orphan' ? older : -older
}

function judge(instance: StandingInstance, facts: VictimFacts, gateways: ReadonlySet<number>): Verdict {
  const ageSeconds = ageOf(instance.root, facts.uptime)
  const keep = (reason: VictimReason): Verdict => ({
    instance,
    ageSeconds,
    verdict: 'keep',
    reason,
    tree: [],
  })
  const { policy, standing } = facts
  switch (instance.standing) {
    case 'init':
      return keep('init')
    case 'outside':
      return keep('started_from_outside')
    case 'uncertain':
      return keep('identity_uncertain')
    case 'allowed':
      return keep('allowed_copy')
    case 'duplicate':
    case 'orphan':
      if (instance.standing !== standing) return keep('other_action')
      break
    default:
      instance.standing satisfies never
  }
  const ends: readonly string[] = profiles[policy.profile].ends
  if (!ends.includes(standing)) return keep('profile_forbids')
  const tree = subtree(facts.tree, instance.root)
  // The tree goes as a whole or not at all: one process in it that must live keeps them all.
  const protectedBy = protection(tree, instance, facts, gateways)
  if (protectedBy !== undefined) return keep(protectedBy)
  const waitSeconds = facts.minimumAge - ageSeconds
  if (waitSeconds > 0)
    return { instance, ageSeconds, verdict: 'wait', reason: 'too_young', waitSeconds, tree }
  return { instance, ageSeconds, verdict: 'kill', reason: standing, tree }
}

function protection(
  tree: readonly Process[],
  instance: StandingInstance,
  facts: VictimFacts,
  gateways: ReadonlySet<number>,
): VictimReason | undefined {
  const pids = new Set(tree.map(({ pid }) => pid))
  if (pids.has(facts.tree.init)) return 'init'
  if (pids.has(facts.ownPid)) return 'own_process'
  if (tree.some(({ pid }) => gateways.has(pid))) return 'gateway'
  const commands = facts.instances.filter(({ root }) => pids.has(root.pid)).map(({ command }) => command)
  if ([instance.command, ...commands].some((command) => facts.policy.protect.includes(command))) {
    return 'protected_command'
  }
  return undefined
}

function findListener(tree: readonly Process[], { listens }: VictimFacts): VictimReason | undefined {
  for (const { pid } of tree) {
    const reading = listens(pid)
    if (reading.kind === 'value' && reading.value) return 'listens'
    if (reading.kind === 'denied' || reading.kind === 'failed') return 'sockets_unreadable'
  }
  return undefined
}

/**
 * Processes that others hang below: whoever is the parent of two or more instances or of a leaked one, and next to
 * init of any, because there a second gateway stands while the first gives way to it. A leaked server with one
 * helper of its own (a browser, say) is no gateway when it stands further down or npx and the like have started it;
 * its helper goes with it.
 */
function findGateways(instances: readonly StandingInstance[], init: number): ReadonlySet<number> {
  const nextToInit = new Set(
    instances
      .filter(({ parent, launchers }) => parent?.pid === init && launchers === 0)
      .flatMap(({ members }) => members.map(({ pid }) => pid)),
  )
  const children = Map.groupBy(
    instances.filter(({ parent }) => parent !== undefined),
    ({ parent }) => parent?.pid ?? 0,
  )
  const gateways = new Set<number>()
  for (const [pid, below] of children) {
    const leaked = below.some(({ standing }) => standing === 'orphan' || standing === 'duplicate')
    if (below.length > 1 || leaked || nextToInit.has(pid)) gateways.add(pid)
  }
  return gateways
}
