import { errorMessage } from '../../host/reading.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Runner, RunnerLog } from '../runner.ts'
import { type TakeBackPorts, takeBack } from './take-back.ts'

/** What unfinished recreations are put in order with. */
export interface RecreationPorts extends TakeBackPorts {
  readonly journal: Journal
  readonly runner: Pick<Runner, 'knows'>
  readonly log: RunnerLog
}

/** How long one attempt may take, milliseconds; whoever calls comes again. */
const patience = 10_000

/**
 * Takes back the recreations that nobody is at any more, because pidwarden or Docker ended in the middle of them, or ends
 * those where only the old container is left to be removed. To be called before anything else is put in order: until then
 * a container is stopped, and has another name. Throws SQLite's error when the journal cannot be read.
 */
export async function settleRecreations(ports: RecreationPorts): Promise<void> {
  const { journal, runner, log } = ports
  for (const recreation of journal.recreations()) {
    if (runner.knows(recreation.runId)) continue
    const container = recreation.name
    try {
      const result = await takeBack(recreation, patience, ports)
      if (typeof result === 'object')
        log.error({ container, error: result.failed }, 'a recreation is not in order; tried again')
      else if (result === 'changed')
        log.error(
          { container, result },
          'a recreation was overtaken by somebody; a container may be left over',
        )
      else log.info({ container, result }, 'a recreation that was not over is in order')
    } catch (error) {
      // The next container does not wait for a disk that has no room.
      log.error({ container, error: errorMessage(error) }, 'the journal could not be written')
    }
  }
}
