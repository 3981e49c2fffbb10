import { findLeaks, type StandingInstance } from '../../census/leaks.ts'
import type { Process } from '../../census/process.ts'
import { older } from './key.ts'
import type { VictimFacts } from './verdict.ts'

/** The standings of all instances, by what the step says of copies where it says anything. */
export function standings({
  instances,
  tree,
  policy,
  keep,
}: Pick<VictimFacts, 'instances' | 'tree' | 'policy' | 'keep'>): readonly StandingInstance[] {
  // Those with a parent chain that lives stay before orphans in any case.
  if (keep === undefined || keep === 'parented') return instances
  const copies = policy.copies
  const said =
    typeof keep === 'number'
      ? { keep: policy.keep, copies: (command: string) => Math.max(keep, copies(command)) }
      : { keep: () => keep, copies }
  return findLeaks(instances, tree, said)
}

/**
 * Who of the candidates stays, because of every identity so many must: one, or what the step says. Only asked for where
 * more than what is leaked may be ended: the standings see to it everywhere else.
 */
export function spared(
  candidates: readonly StandingInstance[],
  { instances, policy, keep }: Pick<VictimFacts, 'instances' | 'policy' | 'keep'>,
): ReadonlySet<Process> {
  const least = typeof keep === 'number' ? keep : 1
  const wanted = new Set(candidates.map(({ root }) => root))
  const staying = new Set<Process>()
  const alike = instances.filter(({ identity, standing }) => identity.kind === 'known' && inside(standing))
  for (const same of Map.groupBy(alike, digestOf).values()) {
    const others = same.filter(({ root }) => !wanted.has(root)).length
    const newest =
      (keep === 'oldest' || keep === 'newest' ? keep : policy.keep(same[0]?.command ?? '')) === 'newest'
    const inOrder = same
      .filter(({ root }) => wanted.has(root))
      .sort((a, b) => worth[a.standing] - worth[b.standing] || (newest ? -1 : 1) * older(a.root, b.root))
    for (const { root } of inOrder.slice(0, Math.max(0, least - others))) staying.add(root)
  }
  return staying
}

/** What hangs where it should stays first. */
const worth = { init: 0, outside: 0, uncertain: 0, allowed: 0, duplicate: 1, orphan: 2 } as const

const inside = (standing: StandingInstance['standing']): boolean => standing !== 'outside'
const digestOf = ({ identity }: StandingInstance): string =>
  identity.kind === 'known' ? identity.digest : ''
