import { stackLabel } from '../census/labels.ts'
import { nameBefore } from '../host/aside.ts'
import { DockerError } from '../host/docker.ts'
import type { Inventory, KnownContainer } from '../host/inventory.ts'
import { errorMessage, valueIn } from '../host/reading.ts'
import type { PlanContext, StepContext } from './action.ts'
import { type DependentPorts, dependentsOf, hasStrayed, strayedDependents } from './dependents.ts'
import { type Effects, NotBegunError } from './effects.ts'

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

/** What is known of the dependents of a container before it is given a new life. */
export interface Foreseen {
  /** Ids of those that are without its network already. */
  readonly before: ReadonlySet<string>
  /** Tells of those that will be restarted that they are settled, by their ids. */
  readonly settle: ReadonlyMap<string, (result: string) => void>
}

/**
 * Writes down which containers will lose their network, so that whatever becomes of pidwarden it is known to whom it has
 * to be given back. Throws NotBegunError.
 */
export function foresee(container: KnownContainer, context: StepContext): Foreseen {
  const before = new Set(strayedDependents(container, context).map(({ id }) => id))
  const coming = dependentsOf(container, context).filter(
    (one) => one.state === 'running' && !before.has(one.id) && whyNot(one, context) === undefined,
  )
  const settled = context.effects.announce(
    context.stepId,
    coming.map(({ id }) => ({ kind: 'stray', containerId: id, object: container.id })),
  )
  return { before, settle: new Map(settled.map((settle, index) => [coming[index]?.id ?? '', settle])) }
}

/**
 * Restarts the containers that have lost their network because the one whose namespace they share was given a new life,
 * as far as they have opted in; the others are left to people. A dependent is never left stopped: what cannot be started
 * here is a debt in the journal. They are restarted also when the run is cancelled. Waits `patience` seconds at most until
 * they are well; whether they are is for the run to judge. Throws when the run is cancelled while they are waited for.
 */
export async function restartDependents(
  container: KnownContainer,
  { before, settle }: Foreseen,
  patience: number,
  context: StepContext,
): Promise<void> {
  const strayed = strayedDependents(container, context).filter(({ id }) => !before.has(id))
  if (strayed.length === 0) return
  const verdicts = strayed.map((one) => verdictOn(one, context))
  context.note({ dependents: verdicts })
  const chosen = strayed.filter((_, index) => verdicts[index]?.verdict === 'restart')
  const failed = await Promise.all(
    chosen.map(async ({ id, name }) => {
      try {
        const { result, trouble } = await rejoin(id, container, startPatience, context)
        if (result !== undefined) settle.get(id)?.(result)
        return trouble === undefined ? [] : [`${name}: ${trouble}`]
      } catch (error) {
        return [`${name}: ${errorMessage(error)}`]
      }
    }),
  )
  if (failed.flat().length > 0) context.note({ failed: failed.flat() })
  await awaitWell(chosen, patience, context)
}

function verdictOn(dependent: KnownContainer, context: PlanContext): DependentVerdict {
  const reason = whyNot(dependent, context)
  return reason === undefined
    ? { container: dependent.name, verdict: 'restart', reason: 'loses_its_network' }
    : { container: dependent.name, verdict: 'keep', reason }
}

/** Why a dependent must not be restarted; undefined = it may. */
export function whyNot(
  dependent: KnownContainer,
  { procfs, ownPid, policyOf }: Pick<PlanContext, 'procfs' | 'ownPid' | 'policyOf'>,
): string | undefined {
  if (dependent.labels[stackLabel] !== undefined) return 'own_stack'
  if (nameBefore(dependent) !== undefined) return 'being_recreated'
  const [namespace, own] = [dependent.pid, ownPid].map((pid) => valueIn(procfs.networkNamespace(pid)))
  // pidwarden itself may run in it.
  if (namespace !== undefined && namespace === own) return 'own_stack'
  if (policyOf(dependent).mode !== 'enforce') return 'not_enforced'
  // A stop would leave nothing behind, or others look after it.
  return dependent.autoRemove || dependent.swarmTask ? 'unsafe_restart' : undefined
}

/** What came of giving a dependent its network back. */
interface Rejoined {
  /** That it is settled, and how; undefined = it is not, and is tried again. */
  readonly result?: string
  /** What went wrong, for people. */
  readonly trouble?: string
}

/** What that takes. */
interface RejoinPorts extends Pick<DependentPorts, 'procfs'> {
  readonly inventory: Pick<Inventory, 'refresh'>
  readonly effects: Pick<Effects, 'stop' | 'start'>
  readonly stepId: number
}

/**
 * Restarts a dependent, if it is without the network of `main` now. From the stop on it is a debt in the journal until it
 * runs again. `patience` in milliseconds. Throws DockerError, and SQLite's error.
 */
export async function rejoin(
  id: string,
  main: KnownContainer,
  patience: number,
  { inventory, procfs, effects, stepId }: RejoinPorts,
): Promise<Rejoined> {
  // As Docker says now: somebody else may have restarted it, or stopped it, since.
  const found = await inventory.refresh(id)
  if (found === undefined) return { result: 'gone' }
  if (found.state === 'exited' || found.state === 'dead') return { result: 'changed' }
  const strayed = found.state === 'running' ? hasStrayed(found, main, { procfs }) : undefined
  if (!strayed) return strayed === false ? { result: 'changed' } : {}
  const life = { id, startedAt: found.startedAt, ofOther: true }
  try {
    await effects.stop(stepId, life, found.stopTimeout)
  } catch (error) {
    // Whatever became of the stop, it is started. Unless there was none.
    if (error instanceof NotBegunError) return { trouble: error.message }
  }
  const result = await effects.start(stepId, life, patience)
  // It still is in the life that has no network.
  if (result === 'not_stopped') return { trouble: told(result) }
  return result === 'running' || result === 'gone'
    ? { result: 'done' }
    : { result: 'done', trouble: told(result) }
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
