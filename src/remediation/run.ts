import type { Observer } from '../census/observe.ts'
import type { Policy } from '../census/policy.ts'
import { type Resource, resources, type Tier, tiers } from '../census/presets.ts'
import type { Urgency } from '../census/steps.ts'
import type { Clock } from '../host/clock.ts'
import { type Docker, DockerError } from '../host/docker.ts'
import type { Inventory, KnownContainer } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import { errorMessage } from '../host/reading.ts'
import type { Signals } from '../host/signal.ts'
import type { Journal } from '../journal/journal.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Measurement, Run } from '../journal/records.ts'
import { RunStop, type StepContext } from './action.ts'
import { actions } from './actions/index.ts'
import { createEffects, type Effects } from './effects.ts'
import { historyOf } from './history.ts'
import { acts } from './match.ts'
import type { ShippedPlaybook } from './playbook.ts'
import { findPlaybook } from './playbooks/index.ts'
import { restrain } from './restraint.ts'
import type { RemediationSettings } from './settings.ts'
import { admitTarget, type Target } from './target.ts'
import { type Aim, holds, judge, measure } from './verify.ts'

/** What runs are carried out with. */
export interface RunPorts {
  readonly inventory: Inventory
  readonly observer: Observer
  readonly procfs: Procfs
  readonly signals: Signals
  readonly docker: Docker
  readonly journal: Journal
  readonly clock: Clock
  readonly settings: () => RemediationSettings
  readonly policyOf: (container: KnownContainer) => Policy
  readonly ownPid: number
  /** Scrapes give way to a run until it has sent its first signal. */
  readonly urgency?: Urgency
}

const hour = 3_600_000

/** What the last action knows better than two numbers do: that it came back, or that no restart is to be had. */
const toldBetter = new Set<Ending['reason']>(['respawned', 'restart_budget', 'unsafe_restart'])

/**
 * Carries out one run from admission to verdict. Measure, admit, then step by step: journal, act, measure, compare;
 * over as soon as a goal holds. Returns how it ended, which is in the journal by then; never throws but on a journal
 * that cannot be written, and then nothing more was done.
 */
export async function execute(run: Run, ports: RunPorts, cancel: AbortSignal): Promise<Ending> {
  const { journal } = ports
  journal.startRun(run.id)
  const measured: Measured = {}
  const calm = ports.urgency?.enter() ?? (() => {})
  let ending: Ending
  try {
    ending = await climb(run, ports, cancel, measured, calm)
  } catch (error) {
    ending = endingOf(error, cancel)
  } finally {
    calm()
  }
  journal.endRun(run.id, ending, measured.before, measured.after)
  return ending
}

/** After the first effect others need not wait any more. */
function calming(effects: Effects, calm: () => void): Effects {
  return {
    ...effects,
    signal(...args) {
      calm()
      return effects.signal(...args)
    },
    stop(...args) {
      calm()
      return effects.stop(...args)
    },
  }
}

/** A run that waits is not urgent: others go on. */
function waiting(clock: Clock, calm: () => void): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep(...args) {
      calm()
      return clock.sleep(...args)
    },
  }
}

/** How an exception ends a run. A cancelled sleep throws an AbortError; the reason is on the signal. */
function endingOf(error: unknown, cancel: AbortSignal): Ending {
  if (error instanceof RunStop) return error.ending
  if (cancel.aborted && cancel.reason instanceof RunStop) return cancel.reason.ending
  if (error instanceof DockerError && error.retryable) {
    return { outcome: 'unknown', reason: 'docker_unreachable', detail: error.message }
  }
  return { outcome: 'failed', reason: 'action_failed', detail: errorMessage(error) }
}

/** The measurements around a run; they are kept however it ends. */
interface Measured {
  before?: Measurement
  after?: Measurement
}

async function climb(
  run: Run,
  ports: RunPorts,
  cancel: AbortSignal,
  measured: Measured,
  calm: () => void,
): Promise<Ending> {
  const { playbook, tier, resource } = assignment(run)
  const changes = acts(playbook)
  const ordered = run.origin === 'person'
  const target = await admitTarget(
    run.containerId,
    { playbook: playbook.name, tier, resource, acts: changes && !run.dryRun, ordered },
    ports,
  )
  const { policy, thresholds, census } = target.seen()
  const dryRun = run.dryRun || (changes && policy.mode === 'dry-run')
  if (changes && !run.dryRun) {
    const intention = { name: run.name, playbook: playbook.name, tier, ordered }
    const refusal = restrain(intention, historyOf(run.name, ports), ports.settings(), ports.clock.now())
    if (refusal !== undefined) return refusal
    if (!dryRun) ports.journal.admitRun(run.id)
  }
  const aim: Aim = {
    resource,
    tier,
    threshold: thresholds[resource][tier]?.at ?? Number.POSITIVE_INFINITY,
  }
  // Whoever orders a playbook wants all of it.
  const isCleared = (measurement: Measurement): boolean => !ordered && holds(aim, measurement)
  measured.before = measure(census)
  measured.after = measured.before
  const effects = calming(createEffects(ports, dryRun), calm)
  let last: Ending = { outcome: 'skipped', reason: 'no_candidates' }
  let acted = false
  for (const { action: name, goal, onMiss } of playbook.steps) {
    cancel.throwIfAborted()
    const action = actions[name]
    const stepId = ports.journal.addStep(run.id, name)
    const context: StepContext = {
      ...stepContext(run, stepId, tier, target, effects, ports, cancel),
      isCleared: ({ census: seen }) => isCleared(measure(seen)),
      clock: waiting(ports.clock, calm),
    }
    const before = measured.after
    try {
      if (dryRun && action.acts) {
        context.note(action.plan(await context.look(), context))
        last = { outcome: 'dry_run', reason: 'dry_run' }
      } else {
        const own = await action.run(context)
        const touched = action.acts && own?.outcome !== 'skipped'
        acted ||= touched
        // What a step has not touched is as it was, and to look again would only put off the step that helps; unless it
        // is asked whether the goal holds, before something harder is done.
        if (touched || goal !== undefined) measured.after = measure((await context.look()).census)
        last = own ?? judge(aim, before, measured.after)
      }
    } catch (error) {
      ports.journal.endStep(stepId, endingOf(error, cancel), before)
      throw error
    }
    ports.journal.endStep(stepId, last, before, measured.after)
    if (goal === 'below-tier' && !dryRun && isCleared(measured.after)) break
    if (onMiss === 'stop') break
  }
  if (dryRun || !acted) return last
  const overall = judge(aim, measured.before, measured.after)
  return toldBetter.has(last.reason) && overall.outcome !== 'fixed'
    ? { ...overall, reason: last.reason }
    : overall
}

function assignment({ playbook: name, tier: tierName, resource: resourceName }: Run): {
  playbook: ShippedPlaybook
  tier: Tier
  resource: Resource
} {
  const playbook = findPlaybook(name)
  const tier = tiers.find((one) => one === tierName)
  const resource = resources.find((one) => one === resourceName)
  if (playbook && tier && resource) return { playbook, tier, resource }
  throw new Error(`the journal asks for ${name} at ${tierName} of ${resourceName}: unknown to this version`)
}

function stepContext(
  run: Run,
  stepId: number,
  tier: Tier,
  target: Target,
  effects: Effects,
  { journal, clock, procfs, settings, ownPid }: RunPorts,
  signal: AbortSignal,
): Omit<StepContext, 'isCleared'> {
  return {
    stepId,
    tier,
    settings: settings(),
    clock,
    procfs,
    effects,
    ownPid,
    signal,
    look: target.look,
    seen: target.seen,
    refresh: target.refresh,
    adopt: target.adopt,
    note: (plan) => journal.planStep(stepId, plan),
    restartsLastHour: () => journal.restartsSince(run.name, clock.now() - hour),
  }
}
