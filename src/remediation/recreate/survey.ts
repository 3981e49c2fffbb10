import { stackLabel } from '../../census/labels.ts'
import { nameBefore } from '../../host/aside.ts'
import type { Blueprint } from '../../host/builder.ts'
import { DockerError } from '../../host/docker.ts'
import type { KnownContainer } from '../../host/inventory.ts'
import { valueIn } from '../../host/reading.ts'
import type { Temporary } from '../../journal/records.ts'
import type { PlanContext } from '../action.ts'
import { nameOf, type Part, shares, unsafe } from './refusals.ts'
import { referenceOf } from './specification.ts'

/** What the recreation of a container would come to. */
export interface Survey {
  readonly main: Part
  /** Running containers that share a namespace of it, and have to be recreated with it. */
  readonly dependents: readonly Part[]
  /** Names of those that do not run, and could not be started any more. */
  readonly stranded: readonly string[]
  /** Why it must not be done; none = it may. */
  readonly refusals: readonly string[]
  /** What was there for a while when all of that was read. */
  readonly temporaries: readonly Temporary[]
}

type Builder = PlanContext['builder']

/** Containers are read so many at once. */
const abreast = 8

/** States in which nothing is at work in the namespaces that a container shares. */
const over: ReadonlySet<string> = new Set(['created', 'exited', 'dead', 'removing'])

/**
 * Reads what a recreation depends on from the engine: the container, those that share its namespaces or have a link to
 * it, its image. Throws DockerError: what cannot be read may be what stands against it.
 */
export async function survey(container: KnownContainer, context: PlanContext): Promise<Survey> {
  const { builder, policyOf } = context
  // Before and after: one that is done or taken back at that time is in one of the two at least.
  const before = context.temporaries()
  const main = await partOf(container, builder, true)
  const others = (await readAll(builder)).filter(({ Id }) => Id !== container.id)
  const sharing = others.filter((other) => shares(other, container))
  const running = sharing.filter(({ State }) => !over.has(State.Status))
  // By then it runs, whatever it does now.
  const then = { ...main.blueprint, State: { ...main.blueprint.State, Status: 'running' } }
  const all = [then, ...others]
  const dependents = await Promise.all(running.map((one) => surveyDependent(one, all, context)))
  const forbidden = 'the policy does not allow it (pidwarden.recreate): what it has written would be lost'
  return {
    main,
    dependents: dependents.flatMap((one) => (typeof one === 'string' ? [] : [one])),
    stranded: sharing
      .filter((one) => !running.includes(one))
      .map(nameOf)
      .toSorted(),
    refusals: [
      ...(policyOf(container).recreate ? [] : [forbidden]),
      ...unsafe(main, others),
      ...dependents.filter((one) => typeof one === 'string'),
    ],
    temporaries: [...before, ...context.temporaries()],
  }
}

async function partOf(container: KnownContainer, builder: Builder, size = false): Promise<Part> {
  const blueprint = await read(container.id, builder, size)
  const referenceNow = await builder.imageId(referenceOf(blueprint))
  const { Image } = blueprint
  const hasImage = referenceNow === Image || (await builder.imageId(Image)) !== undefined
  return { container, blueprint, referenceNow, hasImage }
}

/** How much it has written is worth knowing, and not worth failing for: to add it up can take too long. */
async function read(id: string, builder: Builder, size: boolean): Promise<Blueprint> {
  return builder.blueprint(id, size).catch((error: unknown) => {
    if (size && error instanceof DockerError && error.code === 'timeout') return builder.blueprint(id)
    throw error
  })
}

async function readAll(builder: Builder): Promise<readonly Blueprint[]> {
  const waiting = [...(await builder.list())]
  const found: Blueprint[] = []
  const readSome = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const one = await builder.blueprint(id).catch((error: unknown) => {
        if (error instanceof DockerError && error.code === 'not_found') return undefined
        throw error
      })
      if (one !== undefined) found.push(one)
    }
  }
  await Promise.all(Array.from({ length: abreast }, readSome))
  return found
}

/** The dependent, or why it stands against the recreation. */
async function surveyDependent(
  blueprint: Blueprint,
  all: readonly Blueprint[],
  context: PlanContext,
): Promise<Part | string> {
  const others = all.filter(({ Id }) => Id !== blueprint.Id)
  const container = await context.inventory.refresh(blueprint.Id)
  const says = (why: string): string => `${nameOf(blueprint)}, which shares a namespace of it, ${why}`
  if (container === undefined) return says('was removed just now')
  if (nameBefore(container) !== undefined) return says('is left over from an earlier recreation')
  const { mode, recreate } = context.policyOf(container)
  if (container.labels[stackLabel] !== undefined || holdsUs(container, context))
    return says('is part of pidwarden')
  if (mode !== 'enforce' || !recreate)
    return says('has not opted in with pidwarden.mode=enforce and pidwarden.recreate=true')
  if (container.state !== 'running') return says(`is ${container.state}`)
  const further = others.filter((one) => shares(one, container)).map(nameOf)
  if (further.length > 0) return says(`shares one with ${further.join(', ')} in turn`)
  const part = await partOf(container, context.builder)
  const against = unsafe(part, others)
  return against.length === 0 ? part : says(`cannot be recreated: ${against.join('; ')}`)
}

function holdsUs({ pid }: KnownContainer, { procfs, ownPid }: PlanContext): boolean {
  const [namespace, own] = [pid, ownPid].map((one) => valueIn(procfs.networkNamespace(one)))
  return namespace !== undefined && namespace === own
}
