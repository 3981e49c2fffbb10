import type { Choice } from './choices.ts'
import { older } from './key.ts'
import type { Verdict, VictimFacts } from './verdict.ts'

/** So long a process must not have run to count as idle, seconds: two looks of a usual scrape interval. */
const idleAfter = 5

/** Adds to a candidate what its turn depends on. Memory that cannot be read keeps it: unknown never acts. */
export function weigh(
  candidate: Verdict,
  { choice, uptime, memory, cpu }: Pick<VictimFacts, 'choice' | 'uptime' | 'memory' | 'cpu'>,
): Verdict {
  const { tree } = candidate
  const idle = tree.every(({ quietSince }) => quietSince !== undefined && uptime - quietSince >= idleAfter)
  const weighed = { ...candidate, idle }
  switch (choice.first) {
    case 'longest-lived':
    case 'youngest':
      return weighed
    case 'busiest':
      return { ...weighed, cpu: tree.reduce((sum, process) => sum + cpu(process), 0) }
    case 'largest': {
      let bytes = 0
      for (const { pid } of tree) {
        const reading = memory(pid)
        if (reading.kind === 'denied' || reading.kind === 'failed')
          return { ...candidate, verdict: 'keep', reason: 'memory_unreadable', tree: [] }
        if (reading.kind === 'value') bytes += reading.value
      }
      return { ...weighed, memory: bytes }
    }
    default:
      return choice.first satisfies never
  }
}

/**
 * Who comes first, for sorting: evidence before everything else, then what the action asks for, then age. Among equals
 * the youngest lead where the action asks for those, and the longest-lived everywhere else.
 */
export function inTurn({ first }: Choice): (a: Verdict, b: Verdict) => number {
  const sign = first === 'youngest' ? -1 : 1
  return (a, b) =>
    evidence(a, first) - evidence(b, first) ||
    (b.memory ?? 0) - (a.memory ?? 0) ||
    (b.cpu ?? 0) - (a.cpu ?? 0) ||
    sign * older(a.instance.root, b.instance.root)
}

/**
 * Orphan and idle, orphan, idle duplicate, duplicate, others. Where the busiest are asked for, to be idle is the
 * opposite of what they are wanted for, and says nothing.
 */
function evidence({ instance, idle }: Verdict, first: Choice['first']): number {
  const half = idle === true && first !== 'busiest' ? 0 : 1
  switch (instance.standing) {
    case 'orphan':
      return half
    case 'duplicate':
      return 2 + half
    default:
      return 4
  }
}
