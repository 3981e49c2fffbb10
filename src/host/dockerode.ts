import { createInterface } from 'node:readline'
import Dockerode from 'dockerode'
import {
  type ContainerEvent,
  type ContainerRecord,
  type ContainerState,
  type Docker,
  DockerError,
} from './docker.ts'
import { call, deadline, short, translate } from './docker-call.ts'
import { hostConfig } from './docker-limits.ts'
import { logLines } from './docker-log.ts'
import { record } from './docker-record.ts'

/** A Docker over the Unix socket at `socketPath`. No API version is pinned: the engine's own is spoken. */
export function createDocker(socketPath: string): Docker {
  const engine = new Dockerode({ socketPath })

  async function inspect(id: string): Promise<ContainerRecord> {
    return record(
      await call(`inspect container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).inspect({ abortSignal }),
      ),
    )
  }

  return {
    async ping() {
      await call('ping the engine', () => engine.ping())
    },
    async list() {
      const summaries = await call('list containers', (abortSignal) =>
        engine.listContainers({ all: true, abortSignal }),
      )
      return summaries.map(({ Id }) => Id)
    },
    inspect,
    async imageLabels(imageId) {
      try {
        const image = await call(`inspect image ${imageId}`, () => engine.getImage(imageId).inspect())
        return image.Config?.Labels ?? {}
      } catch (error) {
        if (error instanceof DockerError && error.code === 'not_found') return undefined
        throw error
      }
    },
    events: (onEvent, signal) => follow(engine, onEvent, signal),
    async stop(id, grace) {
      await call(
        `stop container ${short(id)}`,
        (abortSignal) => engine.getContainer(id).stop({ t: grace, abortSignal }),
        deadline + grace * 1000,
      ).catch(unlessNotModified)
    },
    async start(id) {
      await call(`start container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).start({ abortSignal }),
      ).catch(unlessNotModified)
    },
    async update(id, limits) {
      const what = `change the limits of container ${short(id)}`
      const container = engine.getContainer(id)
      const { HostConfig: before } = await call(what, (abortSignal) => container.inspect({ abortSignal }))
      await call(what, () => container.update(hostConfig(limits, before)))
    },
    async pause(id) {
      const pausing = call(`pause container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).pause({ abortSignal }),
      )
      return pausing.then(
        () => true,
        async (error: unknown) => {
          await unlessAlready(() => inspect(id), 'paused')(error)
          return false
        },
      )
    },
    async unpause(id) {
      await call(`unpause container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).unpause({ abortSignal }),
      ).catch(unlessAlready(() => inspect(id), 'running'))
    },
    async logs(id, lines) {
      const written = await call(`read the log of container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).logs({ stdout: true, stderr: true, tail: lines, abortSignal }),
      )
      return logLines(written).slice(-lines)
    },
  }
}

/** 304 says that the container already is where the call would bring it; dockerode rejects it. */
function unlessNotModified(error: unknown): void {
  if (error instanceof DockerError && error.cause instanceof Error) {
    if ('statusCode' in error.cause && error.cause.statusCode === 304) return
  }
  throw error
}

/**
 * Pausing what is paused is refused with 409, unpausing what runs with 500: what the container is then says more. Where
 * it cannot be asked, it is refused all the same, and nobody need wait for what was not done.
 */
function unlessAlready(look: () => Promise<ContainerRecord>, wanted: ContainerState) {
  return async (error: unknown): Promise<void> => {
    if (error instanceof DockerError && !error.retryable && error.code !== 'not_found') {
      const now = await look().catch(() => undefined)
      if (now?.state === wanted) return
    }
    throw error
  }
}

async function follow(
  engine: Dockerode,
  onEvent: (event: ContainerEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const stream = await engine
    .getEvents({ filters: { type: ['container'] }, abortSignal: signal })
    .catch((error: unknown) => {
      throw translate('follow events', error)
    })
  try {
    for await (const line of createInterface({ input: stream })) {
      const event: unknown = JSON.parse(line)
      if (!isContainerEvent(event)) continue
      const { Action, Actor } = event
      onEvent({ action: Action, id: Actor.ID, name: String(Actor.Attributes?.name ?? '') })
    }
  } catch (error) {
    if (!signal.aborted) throw translate('follow events', error)
  }
  if (!signal.aborted) throw new DockerError('unreachable', 'Docker ended the event stream')
}

/** What is used of an event of type container. */
interface SomeEvent {
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes?: { readonly name?: unknown } }
}

function isContainerEvent(event: unknown): event is SomeEvent {
  if (typeof event !== 'object' || event === null || !('Action' in event) || !('Actor' in event)) return false
  const { Action, Actor } = event
  return typeof Action === 'string' && typeof Actor === 'object' && Actor !== null && 'ID' in Actor
}
