import { stackLabel } from '../census/labels.ts'
import { DockerError } from '../host/docker.ts'
import type { KnownContainer } from '../host/inventory.ts'
import { errorMessage, valueIn } from '../host/reading.ts'
import type { PlanContext, StepContext } from './action.ts'
import { dependentsOf, strayedDependents } from './dependents.ts'
import { NotBegunError } from './effects.ts'

/** How long the start of a dependent is tried, milliseconds; after that the debts are settled in service. */
const startPatience = 60_000

/** Between two looks at starting dependents, milliseconds. */
const poll = 1000

/** What becomes of a container that shares the network of one that is restarted, and why. */
export interface DependentVerdict {
  readonly container: string
  readonly verdict: 'restart' | 'keep'
  readonly reason: string
}

/** What is to be expected for those that share its network now. */
export function planDependents(container: KnownContainer, context: PlanContext): readonly DependentVerdict[] {
  return dependentsOf(container, context)
    .filter(({ state }) => state === 'running')
    .map((one) => verdictOn(one, context))
}

/**
 * Restarts the containers that have lost their network because the one whose namespace they share was given a new life,
 * as far as they have opted in; the others are left to people. `before`: ids of those that were without it already. A
 * dependent is never left stopped: what cannot be started here is a debt in the journal. Waits `patience` seconds at
 * most until they are well; whether they are is for the run to judge. Throws when the run is cancelled.
 */
export async function restartDependents(
  container: KnownContainer,
  before: ReadonlySet<string>,
  patience: number,
  context: StepContext,
): Promise<void> {
  const strayed = strayedDependents(container, context).filter(({ id }) => !before.has(id))
  if (strayed.length === 0) return
  const verdicts = strayed.map((one) => verdictOn(one, context))
  context.note({ dependents: verdicts })
  const chosen = strayed.filter((_, index) => verdicts[index]?.verdict === 'restart')
  context.signal.throwIfAborted()
  const restarted = await Promise.all(chosen.map((one) => restartOne(one, container, context)))
  const failed = restarted.filter((one) => one !== undefined)
  if (failed.length > 0) context.note({ failed })
  await awaitWell(chosen, patience, context)
}

function verdictOn(dependent: KnownContainer, context: PlanContext): DependentVerdict {
  const reason = whyNot(dependent, context)
  return reason === undefined
    ? { container: dependent.name, verdict: 'restart', reason: 'loses_its_network' }
    : { container: dependent.name, verdict: 'keep', reason }
}

function whyNot(dependent: KnownContainer, { procfs, ownPid, policyOf }: PlanContext): string | undefined {
  if (dependent.labels[stackLabel] !== undefined) return 'own_stack'
  const [namespace, own] = [dependent.pid, ownPid].map((pid) => valueIn(procfs.networkNamespace(pid)))
  // pidwarden itself may run in it.
  if (namespace !== undefined && namespace === own) return 'own_stack'
  if (policyOf(dependent).mode !== 'enforce') return 'not_enforced'
  // A stop would leave nothing behind, or others look after it.
  return dependent.autoRemove || dependent.swarmTask ? 'unsafe_restart' : undefined
}

/** Undefined, or what went wrong. */
async function restartOne(
  { id, name }: KnownContainer,
  container: KnownContainer,
  context: StepContext,
): Promise<string | undefined> {
  try {
    // As Docker says now: somebody else may have restarted it, or stopped it, since.
    const found = await context.inventory.refresh(id)
    if (found === undefined || !strayedDependents(container, context).some((one) => one.id === id))
      return undefined
    const life = { id, startedAt: found.startedAt, ofOther: true }
    try {
      await context.effects.stop(context.stepId, life, found.stopTimeout)
    } catch (error) {
      // Whatever became of the stop, it is started. Unless there was none.
      if (error instanceof NotBegunError) return `${name}: ${error.message}`
    }
    const result = await context.effects.start(context.stepId, life, startPatience)
    return result === 'running' || result === 'gone' ? undefined : `${name}: ${told(result)}`
  } catch (error) {
    return `${name}: ${errorMessage(error)}`
  }
}

function told(result: 'ended_since' | 'not_stopped' | { readonly failed: string }): string {
  if (typeof result === 'object') return `does not run again: ${result.failed}`
  return result === 'ended_since' ? 'it has ended again' : 'it could not be stopped'
}

async function awaitWell(
  dependents: readonly KnownContainer[],
  patience: number,
  { clock, signal, inventory }: StepContext,
): Promise<void> {
  const until = clock.monotonic() + patience * 1000
  const isWell = async ({ id }: KnownContainer): Promise<boolean> => {
    try {
      // What the inventory knows afterwards is what the run is judged by.
      const found = await inventory.refresh(id)
      if (found === undefined) return true
      return found.state === 'running' && (found.health === 'healthy' || found.health === 'none')
    } catch (error) {
      if (error instanceof DockerError) return false
      throw error
    }
  }
  for (let waiting = dependents; ; ) {
    const well = await Promise.all(waiting.map(isWell))
    waiting = waiting.filter((_, index) => !well[index])
    if (waiting.length === 0 || clock.monotonic() >= until) return
    await clock.sleep(poll, signal)
  }
}
