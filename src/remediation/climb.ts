import { DockerError } from '../host/docker.ts'
import { errorMessage } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Measurement, Run } from '../journal/records.ts'
import { RunStop, type Sighting, type StepContext } from './action.ts'
import type { Goal, Miss, ReadyPlaybook, ReadyStep } from './playbook.ts'
import { type Aim, holds, judge, measure } from './verify.ts'

/** Between two looks at whether a goal holds that is waited for, milliseconds. */
const poll = 1000

/** What the last action knows better than two numbers do: that it came back, or that nothing more is to be had. */
const toldBetter = new Set<Ending['reason']>([
  'no_candidates',
  'respawned',
  'restart_budget',
  'unsafe_restart',
  'unsafe_recreate',
  'action_failed',
  'unsafe_limit',
  'limit_not_enforced',
])

/** What came of setting limits, which the kernel has been asked for. */
const ofLimits = new Set<Ending['reason']>(['limits_set', 'unsafe_limit', 'limit_not_enforced'])

/** How a run went so far: its measurements, and what ended it. Kept however it ends. */
export interface Course {
  before?: Measurement
  after?: Measurement
  /**
   * What the playbook has for the last step that missed its goal or failed. Undefined when the goal held, in a dry run,
   * and when something else ended the run: it was cancelled, or its container went or could not be measured any more.
   */
  miss?: Miss | undefined
}

/** A playbook on a container that was admitted for it. */
export interface Ladder {
  readonly run: Pick<Run, 'id'>
  readonly playbook: Pick<ReadyPlaybook, 'acts'>
  /** Those of the playbook that are for the profile of the container. */
  readonly steps: readonly ReadyStep[]
  readonly dryRun: boolean
  /** A person asks for it, and knows why: no goal ends it early, and only fallbacks are left out. */
  readonly ordered: boolean
  readonly cancel: AbortSignal
  readonly journal: Journal
  look(): Promise<Sighting>
  aim(goal: Goal): Aim
  contextOf(stepId: number): Omit<StepContext, 'isCleared' | 'afterFailure'>
}

/**
 * Takes the steps of a playbook: journal, act, measure, compare; over as soon as a goal holds. Returns how it ended;
 * what it measured is in `course`, where `before` and `after` are set already. Throws what ends a run otherwise:
 * endingOf() has the words.
 */
export async function climb(ladder: Ladder, course: Course): Promise<Ending> {
  const { playbook, steps, run, dryRun, ordered, journal, cancel } = ladder
  const start = course.before
  let aim = ladder.aim('below-tier')
  let last: Ending = { outcome: 'skipped', reason: 'no_candidates' }
  let held = false
  let failed = false
  let acted = false
  let respawned = false
  for (const [position, step] of steps.entries()) {
    cancel.throwIfAborted()
    if (held && step.fallback) continue
    const { action, goal, onMiss, onError } = step
    aim = ladder.aim(goalAt(steps, position))
    const stepId = journal.addStep(run.id, action.name)
    const before = course.after
    try {
      const taken = await take(step, aim, stepId, failed, ladder, course)
      failed = false
      last = taken.ending
      acted ||= taken.touched
    } catch (error) {
      const ending = endingOf(error, cancel)
      journal.endStep(stepId, ending, before)
      held = false
      failed = true
      course.miss = undefined
      // Whatever else it is, the run cannot go on: it was cancelled, or Docker or the container is away.
      if (cancel.aborted || ending.reason !== 'action_failed') throw error
      course.miss = onError
      if (onError !== 'next') throw error
      last = ending
      acted ||= action.acts && !dryRun
      course.after = await lookAfter(error, ladder, course)
      continue
    }
    respawned ||= last.reason === 'respawned'
    journal.endStep(stepId, last, before, course.after)
    if (dryRun) continue
    held = goal !== undefined && course.after !== undefined && holds(aim, course.after)
    course.miss = held ? undefined : onMiss
    if ((held && !ordered) || onMiss !== 'next') break
  }
  if (playbook.acts && held && !acted && last.reason === 'recorded') {
    return { outcome: 'skipped', reason: 'tier_not_reached', detail: 'it got well before anything was done' }
  }
  if (dryRun || !acted) return last
  // Whoever orders it asks for no number.
  if (ofLimits.has(last.reason) && (ordered || aim.resource === 'limits')) return last
  const judged = judge(aim, start, course.after)
  // What comes back is fewer for a moment only.
  const isMomentary = respawned && judged.outcome === 'improved' && judged.reason === 'still_above'
  const verdict: Ending = isMomentary ? { ...judged, outcome: 'ineffective', reason: 'respawned' } : judged
  if (!toldBetter.has(last.reason) || verdict.outcome === 'fixed') return verdict
  const detail = [verdict.detail, last.detail].filter((one) => one !== undefined).join('; ')
  return { ...verdict, reason: last.reason, detail }
}

/** What a step is for: its own goal, or what the steps behind it are for, or else those before it. */
function goalAt(steps: readonly ReadyStep[], position: number): Goal {
  const next = steps.slice(position).find(({ goal }) => goal !== undefined)
  const before = steps.slice(0, position).findLast(({ goal }) => goal !== undefined)
  return (next ?? before)?.goal ?? 'below-tier'
}

interface Taken {
  readonly ending: Ending
  /** Whether it may have changed anything. */
  readonly touched: boolean
}

async function take(
  { action, goal, wait, fallback }: ReadyStep,
  aim: Aim,
  stepId: number,
  afterFailure: boolean,
  { dryRun, ordered, contextOf }: Ladder,
  course: Course,
): Promise<Taken> {
  const context: StepContext = {
    ...contextOf(stepId),
    afterFailure,
    isCleared: (sighting) => (!ordered || fallback) && holds(aim, measure(sighting)),
  }
  if (dryRun && action.acts) {
    context.note(await action.plan(await context.look(), context))
    return { ending: { outcome: 'dry_run', reason: 'dry_run' }, touched: false }
  }
  const before = course.after
  const own = await action.run(context)
  const touched = action.acts && own?.outcome !== 'skipped'
  // What a step has not touched is as it was, and to look again would only put off the step that helps; unless it
  // is asked whether the goal holds, before something harder is done.
  if (touched || goal !== undefined) course.after = measure(await context.look())
  if (goal !== undefined && !dryRun) await awaitGoal(aim, wait, context, course)
  return { ending: own ?? judge(aim, before, course.after), touched }
}

/** What a step has left behind that failed. When that cannot be told, it is the failure that ends the run. */
async function lookAfter(error: unknown, { look }: Ladder, course: Course): Promise<Measurement> {
  try {
    return measure(await look())
  } catch {
    course.miss = undefined
    throw error
  }
}

/** Measures again every second until the goal holds or `wait` seconds are over. Throws when the run is cancelled. */
async function awaitGoal(aim: Aim, wait: number, context: StepContext, course: Course): Promise<void> {
  const until = context.clock.monotonic() + wait * 1000
  while (course.after !== undefined && !holds(aim, course.after)) {
    const left = until - context.clock.monotonic()
    if (left <= 0) return
    await context.clock.sleep(Math.min(poll, left), context.signal)
    course.after = measure(await context.look())
  }
}

/** How an exception ends a run. A cancelled sleep throws an AbortError; the reason is on the signal. */
export function endingOf(error: unknown, cancel: AbortSignal): Ending {
  if (error instanceof RunStop) return error.ending
  if (cancel.aborted && cancel.reason instanceof RunStop) return cancel.reason.ending
  if (error instanceof DockerError && error.retryable) {
    return { outcome: 'unknown', reason: 'docker_unreachable', detail: error.message }
  }
  return { outcome: 'failed', reason: 'action_failed', detail: errorMessage(error) }
}
