import type { StandingInstance } from '../../census/leaks.ts'
import type { Policy } from '../../census/policy.ts'
import { ageOf, type Process, subtree } from '../../census/process.ts'
import { profiles } from '../../census/profiles.ts'
import type { Choice } from './choices.ts'
import { keyOf, type ProcessKey } from './key.ts'
import type { Verdict, VictimFacts, VictimReason } from './verdict.ts'

/** What all judgements about one container share. */
export interface Grounds extends VictimFacts {
  /** Those of now among them. */
  readonly gateways: ReadonlySet<ProcessKey>
  /** The command of each instance, by the pid of its root. */
  readonly commands: ReadonlyMap<number, string>
}

/** Judges one instance by itself: everything but its turn, its sockets and what stays of its identity. */
export function judge(instance: StandingInstance, grounds: Grounds): Verdict {
  const ageSeconds = ageOf(instance.root, grounds.uptime)
  const keep = (reason: VictimReason): Verdict => ({
    instance,
    ageSeconds,
    verdict: 'keep',
    reason,
    tree: [],
  })
  const fate = fateOf(instance.standing, grounds)
  if (!fate.ends) return keep(fate.reason)
  const tree = subtree(grounds.tree, instance.root)
  // The tree goes as a whole or not at all: one process in it that must live keeps them all.
  const protectedBy = protection(tree, instance, grounds)
  if (protectedBy !== undefined) return keep(protectedBy)
  const waitSeconds = grounds.minimumAge - ageSeconds
  if (waitSeconds > 0)
    return { instance, ageSeconds, verdict: 'wait', reason: 'too_young', waitSeconds, tree }
  return { instance, ageSeconds, verdict: 'kill', reason: fate.reason, tree }
}

/** Whether the action, the policy and the profile have it that an instance of this standing may be ended. */
function fateOf(
  standing: StandingInstance['standing'],
  { choice, policy }: { readonly choice: Choice; readonly policy: Policy },
): { readonly ends: boolean; readonly reason: VictimReason } {
  const keep = (reason: VictimReason) => ({ ends: false, reason })
  switch (standing) {
    case 'init':
      return keep('init')
    case 'outside':
      return keep('started_from_outside')
    case 'uncertain':
      return keep('identity_uncertain')
    case 'allowed':
      if (!isWidened(choice, policy)) return keep('allowed_copy')
      return mayLoseChildren(choice, policy) ? { ends: true, reason: 'unprotected' } : keep('profile_forbids')
    case 'orphan':
    case 'duplicate': {
      if (!choice.among.includes(standing)) return keep('other_action')
      const ends: readonly string[] = profiles[policy.profile].ends
      return ends.includes(standing) || mayLoseChildren(choice, policy)
        ? { ends: true, reason: standing }
        : keep('profile_forbids')
    }
    default:
      return standing satisfies never
  }
}

/** Whether more than what is leaked may be ended. */
export function isWidened({ widens }: Choice, { victims }: Policy): boolean {
  return widens === 'always' || (widens === 'policy' && victims === 'any')
}

/**
 * Whether a child may be ended though its parent lives and may be using it. `victims: any` does not say so, the profile
 * does: who knows the application says `generic` as well. Who orders a purge knows more than `unknown`, but where an
 * application is known to be hurt (metamcp gives the whole server up) nobody may.
 */
function mayLoseChildren({ widens }: Choice, { profile }: Policy): boolean {
  const ends: readonly string[] = profiles[profile].ends
  return ends.includes('duplicate') || (widens === 'always' && profile === 'unknown')
}

function protection(
  tree: readonly Process[],
  instance: StandingInstance,
  { tree: { init }, ownPid, gateways, commands, policy }: Grounds,
): VictimReason | undefined {
  if (tree.some(({ pid }) => pid === init)) return 'init'
  if (tree.some(({ pid }) => pid === ownPid)) return 'own_process'
  if (tree.some((process) => gateways.has(keyOf(process)))) return 'gateway'
  const inTree = tree.flatMap(({ pid }) => commands.get(pid) ?? [])
  const isProtected = [instance.command, ...inTree].some((command) => policy.protect.includes(command))
  return isProtected ? 'protected_command' : undefined
}
