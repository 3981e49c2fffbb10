import { nameBefore } from '../host/aside.ts'
import type { Inventory, KnownContainer } from '../host/inventory.ts'
import { errorMessage } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import type { Stray } from '../journal/records.ts'
import type { PlanContext } from './action.ts'
import { createEffects, type EffectPorts } from './effects.ts'
import { rejoin, whyNot } from './restart-dependents.ts'
import type { Runner, RunnerLog } from './runner.ts'

/** What strays are given their network back with. */
export interface StrayPorts extends EffectPorts, Pick<PlanContext, 'ownPid' | 'policyOf'> {
  readonly journal: Journal
  readonly inventory: Pick<Inventory, 'refresh'>
  readonly runner: Pick<Runner, 'knows' | 'inProgress'>
  readonly log: RunnerLog
}

/** How long the start of one is tried, milliseconds; after that it is a debt. */
const patience = 10_000

/**
 * Restarts the containers that lost their network by a restart, because pidwarden or Docker ended before they could be
 * restarted as well. To be called when the debts were settled, again and again: until the container whose network it is
 * runs there is none to be had. Throws SQLite's error when the journal cannot be read.
 */
export async function settleStrays(ports: StrayPorts): Promise<void> {
  const { journal, runner, log } = ports
  for (const stray of journal.strays()) {
    // A run at work gives it back, or takes it anew.
    if (runner.knows(stray.runId) || runner.inProgress().includes(stray.name)) continue
    try {
      const result = await settleOne(stray, ports)
      if (result === undefined) continue
      journal.complete([{ id: stray.effectId, result }])
      log.info({ container: stray.name, result }, 'a container that lost its network is accounted for')
    } catch (error) {
      log.error(
        { container: stray.name, error: errorMessage(error) },
        'a container that lost its network could not be restarted; tried again',
      )
    }
  }
}

/** That it is settled, and how; undefined = not yet. */
async function settleOne(stray: Stray, ports: StrayPorts): Promise<string | undefined> {
  const { inventory, journal, procfs } = ports
  const main = await inventory.refresh(stray.main)
  if (main === undefined) return 'gone'
  if (main.state !== 'running' || isOwed(main, journal)) return undefined
  const dependent = await inventory.refresh(stray.containerId)
  // It is being recreated, and will have the network that way; or it comes back.
  if (dependent && nameBefore(dependent) !== undefined) return undefined
  const reason = dependent && whyNot(dependent, ports)
  if (reason !== undefined) return `refused: ${reason}`
  const effects = createEffects(ports, false)
  const { result, trouble } = await rejoin(stray.containerId, main, patience, {
    ...{ inventory, procfs, effects },
    stepId: stray.stepId,
  })
  if (trouble !== undefined) throw new Error(trouble)
  return result
}

/** Whether it may lose its present life yet: a stop goes on in the engine, whoever has asked for it. */
function isOwed({ id }: KnownContainer, journal: Journal): boolean {
  return journal.debts().some(({ containerId }) => containerId === id)
}
