import { adoptingInit } from '../../census/leaks.ts'
import { isHeld, type Limits, stricterThan, wantedLimits } from '../../census/limits.ts'
import { baseName } from '../../census/words.ts'
import type { Ending } from '../../journal/outcomes.ts'
import type { PlanContext, Sighting, StepContext } from '../action.ts'
import { type Applied, applyLimits } from './apply.ts'
import { type Missing, missingLines } from './compose.ts'
import { judgeLimits } from './judge.ts'
import type { Judged, Situation } from './judged.ts'
import { behind } from './own.ts'
import { endingOf, resultOf } from './result.ts'

/** Which limits: those that the policy wants, or those for a container that explodes again. */
export type Strictness = 'policy' | 'stricter'

/** What limits depend on beside the container. */
type Circumstances = Pick<PlanContext, 'temporaries' | 'hostCores'>

/** What is to be done about the limits of a container, and what only its definition can change. */
interface Plan {
  readonly situation: Situation
  readonly judged: readonly Judged[]
  readonly missing: Missing
}

/** How a plan reads in the journal. */
export function printable(sighting: Sighting, context: PlanContext, to: Strictness): unknown {
  const { judged, missing } = planFor(sighting, context, to)
  const { container } = sighting
  return {
    container: container.name,
    to,
    limits: judged,
    ...(missing.lines.length > 0 && {
      composeService: container.labels['com.docker.compose.service'] ?? container.name,
      composeLines: missing.lines,
      composeNote:
        'For its definition: they cannot be changed while it runs, or would be lost at the next `docker compose up`. ' +
        'Where the file has deploy.resources.limits, change those instead: Compose refuses two that differ.',
    }),
  }
}

/** Sets what can be set, looks whether the kernel holds it, and tells the rest. Throws what applyLimits() throws. */
export async function enforce(sighting: Sighting, context: StepContext, to: Strictness): Promise<Ending> {
  const { situation, judged, missing } = planFor(sighting, context, to)
  context.note(printable(sighting, context, to))
  if (missing.keys.length > 0)
    context.remark(`its definition lacks ${missing.keys.join(', ')}: the plan has the lines`)
  // Nothing to change is nothing to look at again either.
  if (judged.every(({ to: target }) => target === undefined)) return endingOf(judged, nothing)
  const applied = await applyLimits(judged, sighting, situation, context)
  context.note({ results: resultOf(judged, applied) })
  return endingOf(judged, applied)
}

/** Whether what a container that explodes again would get is in force already: then limits do not help it. */
export function hasStricter(sighting: Sighting, context: Circumstances): boolean {
  const situation = situationOf(sighting, context, 'stricter')
  const { memory = Infinity, pids = Infinity } = situation.wanted
  return (
    isHeld('memory', memory, situation.cgroup.memoryLimit) &&
    isHeld('pids', pids, behind('pids', situation).own)
  )
}

/** Nothing was changed. */
const nothing: Applied = { set: {}, failed: [], amiss: [], repaired: [], killed: 0 }

function planFor(sighting: Sighting, context: PlanContext, to: Strictness): Plan {
  const situation = situationOf(sighting, context, to)
  const judged = judgeLimits(situation)
  const { container, policy, census } = sighting
  const init = baseName(census.tree.processes.get(census.tree.init)?.argv[0] ?? '')
  const reaps = adoptingInit.test(init) || reapers.test(init)
  const limits = unwritten(judged)
  return { situation, judged, missing: missingLines({ container, wanted: policy.limits, reaps, limits }) }
}

/** Other programs that are PID 1 for a living; some of them refuse to be anything else. */
const reapers = /^(systemd|init|s6-svscan|runit|runsvdir|supervisord)$/

/** What was not as it is wanted before, and so is not in the definition. */
function unwritten(judged: readonly Judged[]): Limits {
  const missing = judged.filter(({ verdict }) => verdict !== 'already' && verdict !== 'unsupported')
  return Object.fromEntries(
    missing.map(({ limit, verdict, to, wanted }) => [limit, verdict === 'set' ? to : wanted]),
  )
}

function situationOf(
  { container, policy, census }: Sighting,
  context: Circumstances,
  to: Strictness,
): Situation {
  return {
    wanted: to === 'policy' ? wantedLimits(policy.limits) : stricterThan(policy.limits),
    configured: container.limits,
    cgroup: census.cgroup,
    temporaries: context.temporaries().filter(({ containerId }) => containerId === container.id),
    hostCores: context.hostCores,
  }
}
