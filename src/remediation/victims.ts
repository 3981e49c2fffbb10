import type { Process } from '../census/process.ts'
import { findGateways } from './victims/gateways.ts'
import { isWidened, judge } from './victims/judge.ts'
import { inTurn, weigh } from './victims/rank.ts'
import { spared, standings } from './victims/spared.ts'
import type { Verdict, VictimFacts, VictimReason } from './victims/verdict.ts'

/**
 * Judges every instance, victims first and in their turn. Only leaked instances can be victims, unless the action and
 * the policy widen it; every doubt keeps the process. No process is in the trees of two victims.
 */
export function selectVictims(given: VictimFacts): readonly Verdict[] {
  const instances = standings(given)
  const gateways = new Set([...given.gateways, ...findGateways(instances, given.tree)])
  const commands = new Map(instances.map(({ root, command }) => [root.pid, command]))
  const facts = { ...given, instances, gateways, commands }
  const judged = instances.map((instance) => judge(instance, facts))
  const weighed = leaveSome(judged, facts).map((one) => (isCandidate(one) ? weigh(one, facts) : one))
  return withTheirOwners(choose(weighed.sort(inTurn(facts.choice)), facts)).sort(
    (a, b) => order[a.verdict] - order[b.verdict],
  )
}

const order = { kill: 0, with: 1, later: 2, wait: 3, keep: 4 } as const

const isCandidate = ({ verdict }: Verdict): boolean => verdict === 'kill' || verdict === 'wait'

/** Keeps some of every identity, where the standings do not see to that. A purge leaves none. */
function leaveSome(judged: readonly Verdict[], facts: VictimFacts): readonly Verdict[] {
  const { choice, policy } = facts
  if (choice.widens === 'always' || !isWidened(choice, policy)) return judged
  const candidates = judged.filter(isCandidate).map(({ instance }) => instance)
  const staying = spared(candidates, facts)
  return judged.map((one) =>
    staying.has(one.instance.root) ? { ...one, verdict: 'keep', reason: 'spared_copy', tree: [] } : one,
  )
}

/** Takes as many as are wanted. Sockets are looked at last, and for those alone whose turn it is. */
function choose(ranked: readonly Verdict[], facts: VictimFacts): readonly Verdict[] {
  let { wanted } = facts
  const taken = new Set<number>()
  return ranked.map((one) => {
    // It hangs below one that is taken already: no turn of its own.
    if (one.verdict !== 'kill' || taken.has(one.instance.root.ppid)) return one
    if (wanted === 0) return { ...one, verdict: 'later' }
    const listening = findListener(one.tree, facts)
    if (listening !== undefined) return { ...one, verdict: 'keep', reason: listening, tree: [] }
    wanted--
    for (const { pid } of one.tree) taken.add(pid)
    return one
  })
}

function findListener(tree: readonly Process[], { listens }: VictimFacts): VictimReason | undefined {
  for (const { pid } of tree) {
    const reading = listens(pid)
    if (reading.kind === 'value' && reading.value) return 'listens'
    if (reading.kind === 'denied' || reading.kind === 'failed') return 'sockets_unreadable'
  }
  return undefined
}

/** A tree goes as a whole: whoever hangs below a victim goes with it, and is signalled once. */
function withTheirOwners(chosen: readonly Verdict[]): Verdict[] {
  const victims = new Set(
    chosen.flatMap(({ verdict, tree }) => (verdict === 'kill' ? tree : [])).map(({ pid }) => pid),
  )
  return chosen.map((one) =>
    victims.has(one.instance.root.ppid)
      ? { ...one, verdict: 'with', reason: 'hangs_below_victim', tree: [] }
      : one,
  )
}
