import type { Clock } from '../host/clock.ts'
import type { Docker } from '../host/docker.ts'
import { errorMessage } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import type { Debt } from '../journal/records.ts'
import { type Calm, easeOff } from './ease-off.ts'
import { progressOf } from './recreate/progress.ts'
import type { Runner, RunnerLog } from './runner.ts'
import { startAgain } from './start-again.ts'
import { isDue, lift, type TemporaryPorts } from './temporary.ts'

/** What is put in order after a crash. */
export interface RecoverPorts {
  readonly journal: Journal
  readonly docker: Docker
  readonly clock: Clock
  readonly runner: Runner
  readonly log: RunnerLog
}

/** How long one attempt to start a container takes at most, milliseconds; the next attempt follows. */
const patience = 10_000

/**
 * Before the first alert, and now and then: a run that was at work when pidwarden ended, or whose end could not be
 * written, is marked interrupted; nothing of it is repeated. Runs that only waited are taken up again, and look for themselves whether there is still something to do.
 */
export function recover({ journal, runner, log }: RecoverPorts): void {
  for (const run of journal.openRuns()) {
    // Taken up by an earlier attempt, or brought by an alert since.
    if (runner.knows(run.id)) continue
    if (run.state === 'queued') {
      runner.submit(run)
      continue
    }
    const detail = 'pidwarden ended during the run, or its end could not be written'
    journal.endRun(run.id, { outcome: 'interrupted', reason: 'crash', detail }, run.before, run.after)
    log.info({ run: run.id, container: run.name, outcome: 'interrupted' }, 'run was interrupted')
  }
}

/**
 * Starts what a restart has left stopped, because pidwarden or Docker ended in the middle of it. What is being recreated
 * waits until that is over. Returns how many could not be started this time; whoever calls comes again.
 */
export async function settleDebts({ journal, docker, clock, runner, log }: RecoverPorts): Promise<number> {
  let open = 0
  for (const debt of journal.debts()) {
    if (runner.knows(debt.runId)) continue
    if (isBeingRecreated(debt, journal)) {
      open++
      continue
    }
    const stopped = { id: debt.containerId, life: debt.life, at: debt.at }
    const result = await startAgain(stopped, patience, {
      docker,
      clock,
      start: async () => {
        // Either may have begun while this one waited.
        if (isStoppedAnew(debt, journal, runner) || isBeingRecreated(debt, journal)) return
        await docker.start(debt.containerId)
      },
    })
    if (typeof result !== 'string') {
      open++
      log.error(
        { container: debt.name, error: result.failed },
        'a container that was stopped here does not run again',
      )
      continue
    }
    try {
      settle(debt, journal)
    } catch (error) {
      // The next container does not wait for a disk that has no room.
      open++
      log.error({ container: debt.name, error: errorMessage(error) }, 'the journal could not be written')
      continue
    }
    log.info({ container: debt.name, result }, 'a container that was stopped here is accounted for')
  }
  return open
}

/**
 * Takes back what was done for a while by runs that are over, because pidwarden or Docker ended before that, or its time
 * has come; what a container is held by longer is eased. Whoever calls comes again. Throws SQLite's error.
 */
export async function settleTemporaries(
  ports: TemporaryPorts & Pick<RecoverPorts, 'runner' | 'log'> & { readonly calm: Calm },
): Promise<void> {
  const { journal, runner, log, clock } = ports
  // What was done in steps is taken back at once.
  const done = Map.groupBy(journal.temporaries(), ({ stepId, kind }) => `${stepId} ${kind}`)
  for (const steps of done.values()) {
    const last = steps.at(-1)
    if (last === undefined) continue
    const { containerId, kind, name: container } = last
    // A run at work on the container takes its own back, to what was before this one.
    const others = journal.temporaries().filter((one) => one.containerId === containerId)
    if (others.some((one) => runner.knows(one.runId))) continue
    if (!isDue(last, clock.now())) {
      const eased = kind === 'clamp' ? await easeOff(steps, ports) : 'keep'
      if (typeof eased === 'number') log.info({ container, limit: eased }, 'a clamp is eased')
      if (eased !== 'lift') continue
    }
    const result = await lift(last, ports)
    ports.calm.delete(last.stepId)
    if (typeof result === 'string') log.info({ container, result }, `a ${kind} is taken back`)
    else log.error({ container, error: result.failed }, `a ${kind} could not be taken back; tried again`)
  }
}

/** A run at work has stopped the same container since: that one starts it, and its pause is not cut short. */
function isStoppedAnew({ runId, containerId }: Debt, journal: Journal, runner: Runner): boolean {
  return journal
    .debts()
    .some((debt) => debt.containerId === containerId && debt.runId !== runId && runner.knows(debt.runId))
}

/** Whoever recreates it, or takes that back, starts it when it is time: beside the new one it would do harm. */
function isBeingRecreated({ containerId }: Debt, journal: Journal): boolean {
  return journal.recreations().some((one) => progressOf(one).some(({ id }) => id === containerId))
}

function settle({ stepId, ofOther }: Debt, journal: Journal): void {
  const other = ofOther === undefined ? {} : { containerId: ofOther }
  const [effect] = journal.intend(stepId, [{ kind: 'start', ...other }])
  if (effect !== undefined) journal.complete([{ id: effect, result: 'done' }])
}
