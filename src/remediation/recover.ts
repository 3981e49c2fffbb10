import { type Docker, DockerError } from '../host/docker.ts'
import { errorMessage } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import type { RunStory } from '../journal/records.ts'
import type { Runner, RunnerLog } from './runner.ts'

/** What is put in order after a crash. */
export interface RecoverPorts {
  readonly journal: Journal
  readonly docker: Docker
  readonly runner: Runner
  readonly log: RunnerLog
}

/**
 * Once, before the first alert: a run that was at work when pidwarden ended is marked interrupted, and a container
 * that it had stopped is started; nothing else of it is repeated. Runs that only waited are taken up again, and look
 * for themselves whether there is still something to do. Throws DockerError while the engine cannot be reached.
 */
export async function recover({ journal, docker, runner, log }: RecoverPorts): Promise<void> {
  for (const run of journal.openRuns()) {
    // Taken up by an earlier attempt, or brought by an alert since.
    if (runner.knows(run.id)) continue
    if (run.state === 'queued') {
      runner.submit(run)
      continue
    }
    const story = journal.story(run.id)
    const stoppedIn = story && leftStopped(story)
    if (stoppedIn !== undefined) await startAgain(run.containerId, stoppedIn, journal, docker)
    const detail =
      stoppedIn === undefined ? 'pidwarden ended during the run' : 'and the container was started again'
    journal.endRun(run.id, { outcome: 'interrupted', reason: 'crash', detail }, run.before, run.after)
    log.info({ run: run.id, container: run.name, outcome: 'interrupted' }, 'run was interrupted by a crash')
  }
}

/** The step in which a stop was begun and no start has succeeded since. */
function leftStopped({ steps }: RunStory): number | undefined {
  let stepId: number | undefined
  for (const step of steps) {
    for (const { kind, result } of step.effects) {
      if (kind === 'stop') stepId = step.id
      if (kind === 'start' && result === 'done') stepId = undefined
    }
  }
  return stepId
}

async function startAgain(id: string, stepId: number, journal: Journal, docker: Docker): Promise<void> {
  const [effect] = journal.intend(stepId, [{ kind: 'start' }])
  let result = 'done'
  try {
    await docker.start(id)
  } catch (error) {
    if (error instanceof DockerError && error.retryable) throw error
    result = `failed: ${errorMessage(error)}`
  }
  if (effect !== undefined) journal.complete([{ id: effect, result }])
}
