import type { Clock } from '../host/clock.ts'
import { type ContainerRecord, type Docker, DockerError } from '../host/docker.ts'
import { errorMessage } from '../host/reading.ts'

/**
 * It runs; it was removed; somebody has started it since and it has ended again; the stop came to nothing and the old
 * life goes on; or it could not be started.
 */
export type StartResult = 'running' | 'gone' | 'ended_since' | 'not_stopped' | { readonly failed: string }

/** A container in the life (StartedAt) that was to be ended, and when that was asked for at the latest. */
export interface Stopped {
  readonly id: string
  readonly life: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** What starting takes. */
export interface StartPorts {
  readonly docker: Pick<Docker, 'inspect'>
  readonly clock: Clock
  /** One attempt; may throw. */
  start(): Promise<void>
}

/** Between two looks, doubling, milliseconds. */
const pause = 500
const longestPause = 15_000

/** How long after its grace a stop may still come to something, milliseconds. */
const lateStop = 120_000

/**
 * Brings a container up that was stopped. A start that Docker answers with "is
 * running already" proves nothing: an aborted stop goes on in the engine and ends the old life seconds later. Only a
 * new StartedAt is a new life. Tried until `patience` milliseconds are over; somebody else's start counts as well.
 * A stop that was refused must not be waited for without end: whoever stops the container hours later means it.
 */
export async function startAgain(
  { id, life, at }: Stopped,
  patience: number,
  { docker, clock, start }: StartPorts,
): Promise<StartResult> {
  const until = clock.monotonic() + patience
  // By the wall clock once, because it may have been asked for by an earlier pidwarden; that clock may jump meanwhile.
  const askedFor = clock.monotonic() - (clock.now() - at)
  let last = 'it still runs in the life that was to be ended'
  for (let wait = pause; ; wait = Math.min(wait * 2, longestPause)) {
    try {
      const found = await look(id, docker)
      if (found === undefined) return 'gone'
      const { state, startedAt, stopTimeout } = found
      if (startedAt !== life && (state === 'running' || state === 'restarting')) return 'running'
      if (startedAt !== life) return 'ended_since'
      const waited = clock.monotonic() - askedFor
      if (state === 'running' && waited > stopTimeout * 1000 + lateStop) return 'not_stopped'
      if (state === 'exited' || state === 'dead' || state === 'created') await start()
    } catch (error) {
      last = errorMessage(error)
    }
    if (clock.monotonic() >= until) return { failed: last }
    await clock.sleep(wait)
  }
}

/** Undefined = it is gone. A start is answered with 404 as well, where a network of the container was removed. */
async function look(id: string, docker: StartPorts['docker']): Promise<ContainerRecord | undefined> {
  try {
    return await docker.inspect(id)
  } catch (error) {
    if (error instanceof DockerError && error.code === 'not_found') return undefined
    throw error
  }
}
