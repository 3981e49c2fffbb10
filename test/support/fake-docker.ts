import { createHash } from 'node:crypto'
import {
  type ContainerEvent,
  type ContainerRecord,
  type Docker,
  DockerError,
  type DockerErrorCode,
} from '../../src/host/docker.ts'

/** The calls of the port that can be made to fail. */
export type Verb = keyof Docker

/** A container that the fake engine has; change it and emit what the engine would say about it. */
export type FakeContainer = { -readonly [K in keyof ContainerRecord]: ContainerRecord[K] }

/** An engine in memory, with the failures that a real one has. */
export interface FakeDocker extends Docker {
  readonly containers: Map<string, FakeContainer>
  /** Labels by image id: none unless told; undefined = the image was removed. */
  readonly images: Map<string, Readonly<Record<string, string>> | undefined>
  /** What containers have written, by id. */
  readonly written: Map<string, readonly string[]>
  /** Every call, oldest first: `list`, `inspect <id>`, `imageLabels <image>`. */
  readonly calls: string[]
  /** How many event streams are open. */
  readonly streams: number
  add(name: string, record?: Partial<ContainerRecord>): FakeContainer
  /** Says something on every open event stream. */
  emit(action: string, id: string): void
  /** Ends every open event stream, as an engine does that stops. */
  breakStreams(code?: DockerErrorCode): void
  /** Makes a verb throw, `times` times or until it is healed; for one container or image alone when it is named. */
  fail(verb: Verb, code: DockerErrorCode, times?: number, only?: string): void
  /** Makes calls of a verb wait; the function that is returned lets them go on and ends the hanging. */
  hang(verb: Verb): () => void
  /** Takes every failure back. */
  heal(): void
}

interface Stream {
  onEvent(event: ContainerEvent): void
  end(error: DockerError): void
}

/** The id that a container of this name gets. */
export const idOf = (name: string): string => createHash('sha256').update(name).digest('hex')

/** A container as inspect would tell it; all but the name has a plain default. */
export function containerRecord(name: string, record: Partial<ContainerRecord> = {}): FakeContainer {
  return {
    id: idOf(name),
    name,
    image: `${name}:1`,
    imageId: `sha256:${name}`,
    state: 'running',
    pid: 1000,
    startedAt: '2026-11-20T12:00:00.000000001Z',
    health: 'none',
    restarts: 0,
    exitCode: 0,
    limits: {},
    labels: {},
    autoRemove: false,
    swarmTask: false,
    stopTimeout: 10,
    ...record,
  }
}

/** An engine without containers. */
export function createFakeDocker(): FakeDocker {
  const containers = new Map<string, FakeContainer>()
  const logs = new Map<string, readonly string[]>()
  const images: FakeDocker['images'] = new Map()
  const calls: string[] = []
  const streams = new Set<Stream>()
  const failures = new Map<Verb, { code: DockerErrorCode; times: number; only: string | undefined }>()
  const hanging = new Map<Verb, { wait: Promise<void>; release(): void }>()

  async function enter(verb: Verb, argument = ''): Promise<void> {
    calls.push(`${verb} ${argument}`.trim())
    await hanging.get(verb)?.wait
    const failure = failures.get(verb)
    if (failure === undefined || (failure.only !== undefined && failure.only !== argument)) return
    if (--failure.times <= 0) failures.delete(verb)
    throw new DockerError(failure.code, `could not ${verb} ${argument}: ${failure.code}`)
  }

  function find(verb: Verb, id: string): FakeContainer {
    const container = containers.get(id)
    if (container === undefined) throw new DockerError('not_found', `could not ${verb} ${id}: not found`)
    return container
  }

  function emit(action: string, id: string): void {
    for (const { onEvent } of [...streams]) onEvent({ action, id, name: containers.get(id)?.name ?? '' })
  }

  return {
    containers,
    images,
    written: logs,
    calls,
    get streams() {
      return streams.size
    },
    add(name, record) {
      const container = containerRecord(name, record)
      containers.set(container.id, container)
      return container
    },
    emit,
    breakStreams(code = 'unreachable') {
      for (const { end } of [...streams]) end(new DockerError(code, 'Docker ended the event stream'))
    },
    fail(verb, code, times = Number.POSITIVE_INFINITY, only) {
      failures.set(verb, { code, times, only })
    },
    hang(verb) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const release = (): void => {
        if (hanging.get(verb)?.release === release) hanging.delete(verb)
        resolve()
      }
      hanging.set(verb, { wait: promise, release })
      return release
    },
    heal() {
      failures.clear()
      for (const { release } of [...hanging.values()]) release()
    },

    ping: () => enter('ping'),
    async list() {
      await enter('list')
      return [...containers.keys()]
    },
    async inspect(id) {
      await enter('inspect', id)
      return { ...find('inspect', id) }
    },
    async imageLabels(imageId) {
      await enter('imageLabels', imageId)
      return images.has(imageId) ? images.get(imageId) : {}
    },
    async events(onEvent, signal) {
      await enter('events')
      if (signal.aborted) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const stream: Stream = { onEvent, end: reject }
      streams.add(stream)
      const abort = (): void => resolve()
      signal.addEventListener('abort', abort, { once: true })
      await promise.finally(() => {
        streams.delete(stream)
        signal.removeEventListener('abort', abort)
      })
    },
    async stop(id) {
      await enter('stop', id)
      const container = find('stop', id)
      if (container.state === 'exited') return
      Object.assign(container, { state: 'exited', pid: 0 })
      emit('die', id)
      emit('stop', id)
    },
    async start(id) {
      await enter('start', id)
      const container = find('start', id)
      if (container.state === 'running') return
      Object.assign(container, { state: 'running', pid: 1000, startedAt: new Date().toISOString() })
      emit('start', id)
    },
    async update(id, change) {
      await enter('update', id)
      const limits = Object.entries({ ...find('update', id).limits, ...change })
      Object.assign(find('update', id), { limits: Object.fromEntries(limits.filter(([, one]) => one > 0)) })
      emit('update', id)
    },
    async pause(id) {
      await enter('pause', id)
      if (find('pause', id).state === 'paused') return false
      Object.assign(find('pause', id), { state: 'paused' })
      emit('pause', id)
      return true
    },
    async unpause(id) {
      await enter('unpause', id)
      Object.assign(find('unpause', id), { state: 'running' })
      emit('unpause', id)
    },
    async logs(id, lines) {
      await enter('logs', id)
      find('logs', id)
      return (logs.get(id) ?? []).slice(-lines)
    },
  }
}
