import { temporaryName } from '../../host/aside.ts'
import { DockerError } from '../../host/docker.ts'
import type { KnownContainer } from '../../host/inventory.ts'
import { errorMessage } from '../../host/reading.ts'
import type { NewEffect } from '../../journal/records.ts'
import { RunStop, type StepContext } from '../action.ts'
import { differences } from './differences.ts'
import { endpointsOf } from './endpoints.ts'
import { refusedStop } from './progress.ts'
import type { Part } from './refusals.ts'
import { type Making, remakeNow } from './remake.ts'
import type { Survey } from './survey.ts'
import { awaitWell, type Waiting } from './well.ts'

/** How long an old container is tried to be brought back, milliseconds; after that the journal knows, in service. */
const takeBackPatience = 120_000

/**
 * Recreates a container, and those that share its namespaces, from what was surveyed: the old ones are renamed, new ones
 * made and compared with what they are meant to be, and only then the old ones are stopped, taken out of their networks,
 * and the new ones started. Removed are the old ones when all of the new ones are well. Whatever goes wrong before that,
 * also that the run is cancelled, everything is taken back. Returns the new container. Throws RunStop when it was taken
 * back; what ended the run, when that was it.
 */
export async function recreate(
  { main, dependents, temporaries }: Survey,
  waiting: Waiting,
  context: StepContext,
): Promise<KnownContainer> {
  const parts = [main, ...dependents]
  const made = new Map<string, string>()
  const course: Course = {}
  try {
    for (const part of parts) await rename(part, context)
    for (const part of parts) {
      const making = { isMain: part === main, made, temporaries }
      made.set(part.container.id, await make(part, making, context))
    }
    for (const part of parts.toReversed()) await stop(part, context)
    for (const part of parts) await disconnect(part, context)
    for (const part of parts) await start(idOf(part, made), part, waiting, context)
    // What was well at first may not have stayed so while the others came.
    for (const part of parts) await lookAgain(idOf(part, made), part, context)
    const successor = await lookAgain(idOf(main, made), main, context)
    context.signal.throwIfAborted()
    for (const part of parts.toReversed()) await remove(part, course, context)
    return successor
  } catch (error) {
    if (course.proven) return await finish(idOf(main, made), main, context)
    throw await undone(error, main, context)
  }
}

/** What is done cannot be told from an error alone. */
interface Course {
  /** It is written down that the new ones are well, and that the old ones go. */
  proven?: boolean
}

const idOf = ({ container }: Part, made: ReadonlyMap<string, string>): string => made.get(container.id) ?? ''

/** Who an effect is about, where it is not the container of the run. */
function about({ id }: Pick<KnownContainer, 'id'>, context: StepContext): Pick<NewEffect, 'containerId'> {
  return id === context.containerId ? {} : { containerId: id }
}

async function rename({ container }: Part, context: StepContext): Promise<void> {
  context.signal.throwIfAborted()
  const object = temporaryName(container)
  const { name } = container
  const effect = { kind: 'rename', ...about(container, context), object, details: { name } } as const
  await context.effects.carryOut(context.stepId, effect, (_, builder) => builder.rename(container.id, object))
}

/** Makes the new container, with all its networks, and compares it with the old one. */
async function make(part: Part, making: Making, context: StepContext): Promise<string> {
  const { container } = part
  const { blueprint, specification, endpoints } = await remakeNow(part, making, context)
  context.signal.throwIfAborted()
  const { stepId, effects } = context
  const effect = { kind: 'create', ...about(container, context), object: container.name } as const
  const id = await effects.carryOut(stepId, effect, (_, builder) =>
    builder.create(container.name, specification),
  )
  for (const { network, id: networkId, settings } of endpoints) {
    const connecting = { kind: 'connect', containerId: id, object: network } as const
    await effects.carryOut(stepId, connecting, (_, builder) => builder.connect(networkId, id, settings))
  }
  const different = differences(specification, blueprint, await context.builder.blueprint(id))
  if (different.length > 0) {
    const fields = different.join(', ')
    throw new Error(`the engine would make ${container.name} otherwise than it is: ${fields}`)
  }
  return id
}

/** Written down without its life, which only debts have: whoever settles those must not start it. */
async function stop({ container, blueprint }: Part, context: StepContext): Promise<void> {
  context.signal.throwIfAborted()
  const { id, startedAt, stopTimeout } = container
  const running = blueprint.State.Status !== 'exited'
  const effect = {
    kind: 'stop',
    ...about(container, context),
    details: { life: startedAt, running },
  } as const
  let refusal: unknown
  await context.effects.carryOut(context.stepId, effect, async (docker) => {
    try {
      await docker.stop(id, stopTimeout)
      return 'done'
    } catch (error) {
      // Nothing will come of it later either: it need not be waited for.
      if (!(error instanceof DockerError) || error.retryable) throw error
      refusal = error
      return refusedStop
    }
  })
  if (refusal !== undefined) throw refusal
}

async function disconnect({ container, blueprint }: Part, context: StepContext): Promise<void> {
  // An address on the bridge of the engine is given up with the stop, and is never a fixed one.
  for (const { network, id, settings } of endpointsOf(blueprint).filter((one) => one.network !== 'bridge')) {
    context.signal.throwIfAborted()
    const effect = {
      kind: 'disconnect',
      ...about(container, context),
      object: network,
      details: { id, settings },
    } as const
    await context.effects.carryOut(context.stepId, effect, (_, builder) =>
      builder.disconnect(id, container.id),
    )
  }
}

async function start(id: string, part: Part, waiting: Waiting, context: StepContext): Promise<void> {
  context.signal.throwIfAborted()
  await context.effects.carryOut(context.stepId, { kind: 'start', containerId: id }, (docker) =>
    docker.start(id),
  )
  await awaitWell(id, part, waiting, context)
}

async function lookAgain(
  id: string,
  { container: { name } }: Part,
  { inventory }: StepContext,
): Promise<KnownContainer> {
  const found = await inventory.refresh(id)
  if (found?.state === 'running' && found.restarts === 0) return found
  throw new Error(`the new ${name} did not go on running: it is ${found?.state ?? 'gone'}`)
}

/** From now on nothing is taken back any more: what cannot be removed now is removed later. */
async function remove({ container }: Part, course: Course, context: StepContext): Promise<void> {
  const effect = { kind: 'remove', ...about(container, context) } as const
  await context.effects.carryOut(context.stepId, effect, (_, builder) => {
    course.proven = true
    return builder.remove(container.id)
  })
}

/** The new container is well, and an old one could not be removed at once. */
async function finish(id: string, main: Part, context: StepContext): Promise<KnownContainer> {
  const result = await context.takeBackRecreation(takeBackPatience).catch(failed)
  context.note({ removal: typeof result === 'string' ? words[result] : `${result.failed}; tried again` })
  return lookAgain(id, main, context)
}

/** Takes back what has failed, and tells how the run ends; also when it was cancelled. */
async function undone(error: unknown, main: Part, context: StepContext): Promise<unknown> {
  const result = await context.takeBackRecreation(takeBackPatience).catch(failed)
  // It may run in another life now, and the run goes on with that one.
  const old = await context.inventory.refresh(main.container.id).catch(() => undefined)
  if (old !== undefined) context.adopt(old)
  const now =
    typeof result === 'string' ? words[result] : `it may not be back yet: ${result.failed}; tried again`
  if (context.signal.aborted && result === 'back') return context.signal.reason
  const detail = `it could not be recreated: ${errorMessage(error)}; ${now}`
  return new RunStop({ outcome: 'failed', reason: 'action_failed', detail })
}

/** The journal could not be read or written: the container itself may be back. */
const failed = (error: unknown): { readonly failed: string } => ({
  failed: `the journal failed: ${errorMessage(error)}`,
})

const words = {
  back: 'the old container is as it was',
  finished: 'the old container is removed',
  gone: 'the old container was removed meanwhile',
  changed: 'somebody has put another container in its place, or removed the new one, meanwhile',
} as const
