import type { Observer } from '../census/observe.ts'
import type { Policy } from '../census/policy.ts'
import type { Urgency } from '../census/steps.ts'
import type { ContainerBuilder } from '../host/builder.ts'
import type { Clock } from '../host/clock.ts'
import type { Docker } from '../host/docker.ts'
import type { Inventory, KnownContainer } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import type { Signals } from '../host/signal.ts'
import type { Journal } from '../journal/journal.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Run } from '../journal/records.ts'
import { assignment } from './assignment.ts'
import { judgeCapped } from './capped.ts'
import { type Course, climb, endingOf, type Ladder } from './climb.ts'
import { brokenDependents } from './dependents.ts'
import { createEffects, type Effects } from './effects.ts'
import { historyOf } from './history.ts'
import { conclude, type Findings } from './incidents/conclude.ts'
import { type Later, noteAll } from './later.ts'
import { mayRestart } from './may-restart.ts'
import { stepsFor } from './playbook.ts'
import type { Playbooks } from './playbooks/book.ts'
import { takeBack } from './recreate/take-back.ts'
import { restrain } from './restraint.ts'
import type { Sessions } from './sessions/watch.ts'
import type { RemediationSettings } from './settings.ts'
import { admitTarget } from './target.ts'
import { lift } from './temporary.ts'
import { aimOf, measure } from './verify.ts'
import { attributed } from './whose.ts'

/** What runs are carried out with. */
export interface RunPorts {
  readonly inventory: Inventory
  readonly observer: Observer
  readonly procfs: Procfs
  readonly signals: Signals
  readonly docker: Docker
  readonly builder: ContainerBuilder
  readonly journal: Journal
  readonly clock: Clock
  readonly settings: () => RemediationSettings
  readonly policyOf: (container: KnownContainer) => Policy
  /** Those of the configuration that is in force. */
  readonly playbooks: () => Playbooks
  readonly ownPid: number
  readonly sessions: Sessions
  /** Scrapes give way to a run until it has sent its first signal. */
  readonly urgency?: Urgency
}

const hour = 3_600_000

/** For so long nobody is woken again who did not wait for his children, milliseconds. */
const lastingVain = 6 * hour

/** A run that is over. */
export interface Conclusion {
  readonly ending: Ending
  /** The run that follows from it, queued in the journal: the playbook of the next tier. */
  readonly next?: Run
}

/** What becomes known in the course of a run. */
interface Progress extends Course {
  rung?: NonNullable<Findings['rung']>
  /** Something was done, or may have been. */
  acted?: boolean
  /** The container was stopped, or may have been. */
  stopped?: boolean
  /** It was, and does not run. */
  down?: boolean
  /** Of the container that it goes on with. */
  containerId?: string
  /** What is to be noted when the run is over. */
  later?: readonly Later[]
  /** What people are told beside how it ended. */
  remarks?: readonly string[]
}

/**
 * Carries out one run from admission to verdict. Measure, admit, then step by step: journal, act, measure, compare;
 * over as soon as a goal holds. Returns how it ended and what follows, which is in the journal by then; never throws
 * but on a journal that cannot be written, and then nothing more was done.
 */
export async function execute(run: Run, ports: RunPorts, cancel: AbortSignal): Promise<Conclusion> {
  ports.journal.startRun(run.id)
  const progress: Progress = {}
  const calm = ports.urgency?.enter() ?? (() => {})
  let ending: Ending
  try {
    ending = await admitAndClimb(run, ports, cancel, progress, calm)
  } catch (error) {
    ending = endingOf(error, cancel)
  } finally {
    calm()
  }
  if (progress.remarks !== undefined)
    ending = { ...ending, detail: [ending.detail ?? [], progress.remarks].flat().join('; ') }
  // Also when it was cancelled: nothing that was meant for a while outlives the run.
  for (const temporary of progress.acted ? ports.journal.temporaries() : [])
    if (temporary.runId === run.id && temporary.until === undefined) await lift(temporary, ports)
  await noteAll(progress.later ?? [], ports)
  const now = ports.inventory.get(progress.containerId ?? run.containerId)
  if (progress.stopped) progress.down = now?.state !== 'running'
  const next = conclude(run, ending, progress, ports)
  return next === undefined ? { ending } : { ending, next }
}

/** Tells before each effect, whatever becomes of it. */
function telling(effects: Effects, tell: (effect: keyof Effects) => void): Effects {
  return {
    signal(...args) {
      tell('signal')
      return effects.signal(...args)
    },
    stop(...args) {
      tell('stop')
      return effects.stop(...args)
    },
    start(...args) {
      tell('start')
      return effects.start(...args)
    },
    carryOut(stepId, effect, work) {
      tell(effect.kind === 'stop' ? 'stop' : 'carryOut')
      return effects.carryOut(stepId, effect, work)
    },
    takeBack: (...args) => effects.takeBack(...args),
    announce: (...args) => effects.announce(...args),
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

async function admitAndClimb(
  run: Run,
  ports: RunPorts,
  cancel: AbortSignal,
  progress: Progress,
  calm: () => void,
): Promise<Ending> {
  const { journal, clock, settings } = ports
  // Looked up once: what another configuration says of it later is for later runs.
  const { playbook, tier, aim, resource } = assignment(run, ports.playbooks())
  const { acts } = playbook
  const ordered = run.origin === 'person'
  const target = await admitTarget(
    run,
    { playbook: playbook.name, tier, ...aim, resource, acts: acts && !run.dryRun, ordered },
    ports,
  )
  const { policy, thresholds } = target.seen()
  progress.before = measure(target.seen())
  progress.after = progress.before
  const { pidsLimit: pids, memoryLimit: memory } = target.seen().census.cgroup
  const most = (resource === 'memory' ? memory : resource === 'pids' ? pids : undefined) ?? Infinity
  const rungs = Object.entries(thresholds[resource]).map(([one, rule]) => {
    const acts = ports.playbooks().find(rule.playbook)?.acts ?? false
    return [one, { playbook: rule.playbook, acts, isReachable: rule.at <= most }]
  })
  progress.rung = { tier, resource, ladder: Object.fromEntries(rungs) }
  const dryRun = run.dryRun || (acts && policy.mode === 'dry-run')
  if (acts && !run.dryRun) {
    const restarts = mayRestart(stepsFor(playbook, policy))
    const intention = { name: run.name, playbook: playbook.name, tier, restarts, ordered }
    const refusal = restrain(intention, historyOf(run.name, ports), settings(), clock.now())
    if (refusal !== undefined) return refusal
    if (!dryRun) journal.admitRun(run.id, ordered)
  }
  // After the first effect others need not wait any more.
  const idNow = (): string => progress.containerId ?? run.containerId
  const all = attributed(createEffects(ports, dryRun), run.containerId, idNow)
  const effects = telling(all, (effect) => {
    progress.acted = !dryRun
    if (effect === 'stop') progress.stopped = !dryRun
    calm()
  })
  const ladder: Ladder = {
    run,
    playbook,
    steps: stepsFor(playbook, policy),
    dryRun,
    ordered,
    cancel,
    journal,
    look: target.look,
    aim: (goal) => aimOf(goal, { resource, tier: aim.aim ?? tier }, thresholds),
    contextOf: (stepId) => ({
      stepId,
      acting: acts && !dryRun,
      containerId: run.containerId,
      tier,
      settings: settings(),
      clock: waiting(clock, calm),
      procfs: ports.procfs,
      hostCores: ports.observer.hostCores,
      effects,
      ownPid: ports.ownPid,
      sessions: ports.sessions,
      signal: cancel,
      look: async () => {
        const seen = await target.look()
        // Docker can take its time for an answer, and acting may have been stopped meanwhile.
        cancel.throwIfAborted()
        return seen
      },
      seen: target.seen,
      refresh: target.refresh,
      adopt: (container) => {
        progress.containerId = container.id
        target.adopt(container)
      },
      builder: ports.builder,
      recreations: () => journal.recreations(),
      takeBackRecreation: async (patience) => {
        const begun = journal.recreations().find((one) => one.stepId === stepId)
        // Not cut short, and nobody else waits for it.
        return begun === undefined ? 'back' : takeBack(begun, patience, ports)
      },
      note: (plan) => journal.planStep(stepId, plan),
      temporaries: () => journal.temporaries(),
      restartsLastHour: () => journal.restartsSince(run.name, clock.now() - hour),
      restartsSince: (seconds) => journal.restartsSince(run.name, clock.now() - seconds * 1000),
      ordered,
      remark: (sentence) => {
        progress.remarks = [...(progress.remarks ?? []), sentence]
      },
      inventory: ports.inventory,
      policyOf: ports.policyOf,
      wokenInVain: ({ pid, startTicks }) =>
        journal.signalledInVain('reap-zombies', pid, startTicks, clock.now() - lastingVain),
      noteLater: (plan) => {
        // Whoever waits for it looks whether it has failed.
        plan.catch(() => {})
        progress.later = [...(progress.later ?? []), { stepId, plan }]
      },
      logs: (lines) => ports.docker.logs(idNow(), lines),
    }),
  }
  const before = brokenDependents(target.seen().container, ports)
  const climbed = await climb(ladder, progress)
  const ending = judgeCapped(climbed, {
    resource,
    sighting: target.seen(),
    journal,
    now: clock.now(),
  })
  if (ending.outcome !== 'fixed' || dryRun) return ending
  const broken = brokenDependents(target.seen().container, ports).filter((name) => !before.includes(name))
  if (broken.length === 0) return ending
  const detail = `${ending.detail}; but ${broken.join(', ')} in its network lost it, and must be restarted`
  return { outcome: 'improved', reason: 'dependents_broken', detail }
}
