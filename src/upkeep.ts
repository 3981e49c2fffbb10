import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from './host/clock.ts'
import { errorMessage } from './host/reading.ts'
import type { Calm } from './remediation/ease-off.ts'
import { recover, settleDebts, settleTemporaries } from './remediation/recover.ts'
import { settleRecreations } from './remediation/recreate/recover.ts'
import type { RunPorts } from './remediation/run.ts'
import type { Runner } from './remediation/runner.ts'
import { settleStrays } from './remediation/strays.ts'

/** What goes on in the background does so with these, until `stopping` is aborted. */
export interface UpkeepPorts {
  readonly clock: Clock
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  readonly stopping: AbortSignal
}

/** What is left of earlier runs is put in order with these. */
export type SettlingPorts = RunPorts & { readonly runner: Runner }

/** Between two looks at whether Docker has come, before what a crash left is put in order, milliseconds. */
const recoverPause = 250

/** After an attempt that failed, milliseconds: a full disk must not fill the log too. */
const troublePause = 5000

/** Between two looks for containers that were stopped here and do not run again, milliseconds. */
const debtPause = 30_000

/** Does `work` again and again, with a pause in between, milliseconds, also after it failed. */
export async function repeat(
  what: string,
  pause: number,
  work: () => Promise<void>,
  { clock, log, stopping }: UpkeepPorts,
): Promise<void> {
  let before: string | undefined
  while (!stopping.aborted) {
    try {
      await work()
      before = undefined
    } catch (error) {
      const message = errorMessage(error)
      if (message !== before) log.warn({ error: message }, `could not ${what}; trying again`)
      before = message
    }
    await clock.sleep(pause, stopping).catch(() => {})
  }
}

/**
 * Puts in order what earlier runs have left behind, as soon as Docker is there and again and again. `recovered` is called
 * when it is clear what they were at: from then on alerts may be taken.
 */
export async function settle(
  runs: SettlingPorts,
  recovered: () => void,
  { clock, log, stopping }: UpkeepPorts,
): Promise<void> {
  const ports = { ...runs, log }
  const calm: Calm = new Map()
  while (!stopping.aborted) {
    try {
      if (runs.inventory.state().connected) {
        try {
          // First of all: until then a container has another name, and is not what others take it for.
          await settleRecreations(ports)
          // Again and again: where the end of a run could not be written, nobody is at it any more.
          recover(ports)
          recovered()
        } finally {
          // Also when the journal cannot be written: a container that was stopped here must come up again.
          await settleDebts(ports)
          await settleStrays(ports)
          await settleTemporaries({ ...ports, calm })
        }
        await clock.sleep(debtPause, stopping).catch(() => {})
        continue
      }
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'could not put in order what a crash left; trying again')
      await clock.sleep(troublePause, stopping).catch(() => {})
    }
    await clock.sleep(recoverPause, stopping).catch(() => {})
  }
}
