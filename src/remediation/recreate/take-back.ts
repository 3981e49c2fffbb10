import { temporaryName } from '../../host/aside.ts'
import type { Blueprint, ContainerBuilder } from '../../host/builder.ts'
import type { Clock } from '../../host/clock.ts'
import { type Docker, DockerError } from '../../host/docker.ts'
import { errorMessage } from '../../host/reading.ts'
import type { Journal } from '../../journal/journal.ts'
import type { NewEffect, Recreation } from '../../journal/records.ts'
import { endpointsOf } from './endpoints.ts'
import { type Progress, progressOf } from './progress.ts'
import { nameOf } from './refusals.ts'

/** What a recreation is put in order with. */
export interface TakeBackPorts {
  readonly journal: Pick<Journal, 'intend' | 'complete' | 'incidents'>
  readonly docker: Pick<Docker, 'inspect' | 'start' | 'stop'>
  readonly builder: ContainerBuilder
  readonly clock: Clock
}

/**
 * What became of it. back: the old container is as it was; finished: the new one was found well, and the old one is
 * removed; gone: the old one is gone, so that the new one stays; changed: somebody has put another container in its place
 * since, or removed the new one, and people are asked what is to become of the old one; or why it is not in order yet, and
 * is to be tried again.
 */
export type TakenBack = 'back' | 'finished' | 'gone' | 'changed' | { readonly failed: string }

/** Between two attempts, doubling, milliseconds. */
const pause = 250
const longestPause = 15_000

/** How long after its grace a stop may still come to something, milliseconds. */
const lateStop = 120_000

/**
 * Puts an unfinished recreation in order: takes it back, or ends it where only the removal of the old container is
 * missing. Looks at what there is, so that it may be done again and again; tried until `patience` milliseconds are over.
 * Nobody cancels it. Everything is done first and written down afterwards: what must go does not wait for a disk that
 * has no room. Never throws but SQLite's error.
 */
export async function takeBack(
  recreation: Recreation,
  patience: number,
  ports: TakeBackPorts,
): Promise<TakenBack> {
  const { clock, journal } = ports
  const parts = progressOf(recreation)
  const until = clock.monotonic() + patience
  for (let wait = pause; ; wait = Math.min(wait * 2, longestPause)) {
    try {
      const done = parts.some(({ proven }) => proven)
        ? await finish(parts, ports)
        : await rollBack(parts, ports)
      // First, and again if it cannot be written that it is over: nobody else comes back to it.
      const incident = done.why === undefined ? undefined : journal.incidents.openOf(recreation.name)
      if (incident !== undefined) journal.incidents.needPeople(incident.id, leftOver(parts, done))
      const ids = journal.intend(recreation.stepId, done.effects)
      journal.complete(ids.map((id) => ({ id, result: done.word })))
      return done.what
    } catch (error) {
      if (!(error instanceof DockerError || error instanceof NotYetError)) throw error
      if (clock.monotonic() >= until) return { failed: errorMessage(error) }
    }
    await clock.sleep(wait)
  }
}

/** It is to be looked at again. */
class NotYetError extends Error {
  override readonly name = 'NotYetError'
}

interface Done {
  readonly what: Exclude<TakenBack, object>
  readonly effects: readonly NewEffect[]
  /** What the effects are called that end it in the journal. */
  readonly word: 'done' | 'gone' | 'changed'
  /** Why it is left to people; undefined where it is not. */
  readonly why?: string
}

function leftOver(parts: readonly Progress[], { why }: Done): string {
  const names = parts.map(temporaryName).join(', ')
  return `${why} while it was recreated; the old one is left over as ${names}: remove it, or give it its name back`
}

const own = ({ id, isOwn }: Progress): Pick<NewEffect, 'containerId'> => (isOwn ? {} : { containerId: id })

/** The name is back: with this the journal takes it for settled. */
const closing = (part: Progress): NewEffect => ({ kind: 'rename', ...own(part), object: part.name })

async function find(reference: string, { builder }: TakeBackPorts): Promise<Blueprint | undefined> {
  try {
    return await builder.blueprint(reference)
  } catch (error) {
    if (error instanceof DockerError && error.code === 'not_found') return undefined
    throw error
  }
}

async function finish(parts: readonly Progress[], ports: TakeBackPorts): Promise<Done> {
  const successors = await Promise.all(parts.map(({ made }) => made?.id && find(made.id, ports)))
  // Somebody has removed what was made: the old one is all that is left, and not ours to remove any more.
  if (successors.some((one) => !one)) return overtaken('somebody has removed the new container', parts)
  for (const { id } of parts.toReversed()) await discard(id, ports)
  const effects = parts.map((part): NewEffect => ({ kind: 'remove', ...own(part) }))
  return { what: 'finished', word: 'done', effects }
}

const overtaken = (why: string, parts: readonly Progress[]): Done => ({
  what: 'changed',
  word: 'changed',
  effects: parts.map(closing),
  why,
})

async function rollBack(parts: readonly Progress[], ports: TakeBackPorts): Promise<Done> {
  const [main] = parts
  const old = main && (await find(main.id, ports))
  if (old === undefined) return { what: 'gone', word: 'gone', effects: parts.map(closing) }
  const strangers = await Promise.all(parts.map((part) => strangerAt(part, ports)))
  if (strangers.some((one) => one)) return overtaken('somebody has put another container in its place', parts)
  const effects: NewEffect[] = []
  for (const part of parts.toReversed()) {
    const made = await successorOf(part, ports)
    if (made === undefined) continue
    await discard(made.Id, ports)
    effects.push({ kind: 'remove', containerId: made.Id })
  }
  // The others share namespaces of the first: it comes first.
  for (const part of parts) effects.push(...(await bringBack(part, ports)))
  return { what: 'back', word: 'done', effects: [...effects, ...parts.map(closing)] }
}

/** The new container, also when nobody was told its id: then it has the name, and never ran. */
async function successorOf(
  { id, name, made }: Progress,
  ports: TakeBackPorts,
): Promise<Blueprint | undefined> {
  if (made === undefined) return undefined
  if (made.id !== undefined) return find(made.id, ports)
  const [found, old] = [await find(name, ports), await find(id, ports)]
  if (found === undefined || nameOf(found) !== name || found.Id === id) return undefined
  return found.Image === old?.Image && found.State.Status === 'created' ? found : undefined
}

/** Whether the name belongs to a container by now that nobody here has made. */
async function strangerAt(part: Progress, ports: TakeBackPorts): Promise<boolean> {
  const [found, made] = [await find(part.name, ports), await successorOf(part, ports)]
  // What has no name but an id that begins like it, is another one.
  return found !== undefined && nameOf(found) === part.name && found.Id !== part.id && found.Id !== made?.Id
}

async function discard(id: string, ports: TakeBackPorts): Promise<void> {
  const found = await find(id, ports)
  if (found === undefined) return
  // It may have come up late, and have something to write down.
  if (found.State.Status === 'running') {
    const { stopTimeout } = await ports.docker.inspect(id)
    await ports.docker.stop(id, stopTimeout)
  }
  await ports.builder.remove(id)
}

/** Networks, name, and life of an old container, as far as it has lost them. */
async function bringBack(part: Progress, ports: TakeBackPorts): Promise<readonly NewEffect[]> {
  const { docker, builder } = ports
  const { id, name, stop } = part
  const found = await find(id, ports)
  if (found === undefined) return []
  if (nameOf(found) !== name) await builder.rename(id, name)
  const there = new Set(endpointsOf(found).map(({ network }) => network))
  const missing = part.endpoints.filter(({ network }) => !there.has(network))
  // Started by the engine without them, its ports would be published nowhere.
  if (missing.length > 0 && found.State.Status === 'running') await docker.stop(id, 0)
  for (const endpoint of missing) await builder.connect(endpoint.id, id, endpoint.settings)
  if (stop?.running && missing.length > 0) await docker.start(id)
  if (stop?.running) await raise(part, stop, ports)
  return [
    ...missing.map(({ network }): NewEffect => ({ kind: 'connect', ...own(part), object: network })),
    // Whatever became of the stop: with this the journal takes it for settled.
    ...(stop === undefined ? [] : [{ kind: 'start', ...own(part) } as const]),
  ]
}

/** Sees to it that it runs: in a new life, if the stop has come to something. */
async function raise(
  { id }: Progress,
  { life, at, refused }: NonNullable<Progress['stop']>,
  { docker, clock }: TakeBackPorts,
): Promise<void> {
  const { state, startedAt, stopTimeout } = await docker.inspect(id)
  const isUp = state === 'running' || state === 'restarting'
  if (isUp && startedAt !== life) return
  if (isUp && (refused || clock.now() - at > stopTimeout * 1000 + lateStop)) return
  if (isUp) throw new NotYetError('the stop of the old container may still come to something')
  // Somebody has started it since, and it has ended by itself: that is not to be mended here.
  if (startedAt !== life) return
  await docker.start(id)
  throw new NotYetError('the old container was started, and has not been seen to run')
}
