import { imageReference } from './builder.ts'
import type { Clock } from './clock.ts'
import { type ContainerEvent, type ContainerRecord, type Docker, DockerError } from './docker.ts'
import { createEndings, type EndedBy } from './endings.ts'
import { errorMessage } from './reading.ts'

/** A container, with the labels of its image beside its own, so that a policy can tell who put them there. */
export interface KnownContainer extends ContainerRecord {
  /** Undefined when the image is gone. */
  readonly imageLabels: Readonly<Record<string, string>> | undefined
  /** How its last life ended; absent while it has not ended, and where that was not seen. */
  readonly endedBy?: EndedBy
}

/** Whether the list of containers can be trusted. */
export interface InventoryState {
  /** True while the event stream is open and the last list succeeded. */
  readonly connected: boolean
  /** Wall clock of the last complete list; undefined before the first. */
  readonly listedAt: number | undefined
  /** Why it is not connected, for people. */
  readonly error: string | undefined
}

/** The containers of this host, kept fresh by Docker's event stream. */
export interface Inventory {
  state(): InventoryState
  /** Every known container; stale while not connected. */
  containers(): readonly KnownContainer[]
  get(id: string): KnownContainer | undefined
  /** True when this engine once listed the id, be it gone or not, since pidwarden started. */
  everKnew(id: string): boolean
  /** Reads one container afresh, past the cache. Undefined when it is gone. Throws DockerError. */
  refresh(id: string): Promise<KnownContainer | undefined>
  /** Lists, follows events, lists again after a break; for ever, until `signal` aborts. Never throws. */
  follow(signal: AbortSignal): Promise<void>
}

/** Where the inventory says what happened to its connection. */
export interface InventoryLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

const firstRetry = 500
const longestRetry = 10_000
/** A hung engine keeps its event stream open and silent: the list, which has a deadline, finds that out. */
const relistEvery = 30_000

/** How many containers are inspected at once: an engine that has hundreds would be asked for all of them together. */
const abreast = 8

/**
 * Events tell what changes. Should one be lost, this many of the known containers, those longest not read, or a tenth
 * of all if that is more, are inspected again with every further list.
 */
const fewest = 10

/** How many ids `everKnew` remembers; a host that starts a container a second fills this in three hours. */
const rememberedIds = 10_000

/** Events that change nothing which pidwarden keeps; exec_* come by the thousand from health checks. */
const idleActions = /^(exec_|attach|top|resize|copy|archive-path|export|commit)/

/** An empty inventory of `docker`; `follow` fills it. `hear` is told of every event as it comes. */
export function createInventory(
  docker: Docker,
  clock: Clock,
  log: InventoryLog,
  hear: (event: ContainerEvent) => void = () => {},
): Inventory {
  const known = new Map<string, KnownContainer>()
  /** Monotonic clock of the last time that each was read; none for those that could not be. */
  const readAt = new Map<string, number>()
  const ever = new Set<string>()
  const endings = createEndings()
  const imageLabels = new Map<string, ReturnType<Docker['imageLabels']>>()
  let state: InventoryState = { connected: false, listedAt: undefined, error: 'not connected to Docker yet' }

  async function withImage(record: ContainerRecord): Promise<KnownContainer> {
    let asked = imageLabels.get(record.imageId)
    if (asked === undefined) {
      asked = docker.imageLabels(record.imageId)
      imageLabels.set(record.imageId, asked)
      asked.catch(() => imageLabels.delete(record.imageId))
    }
    const labels = await asked
    remember(record.id)
    const endedBy = endings.of(record)
    const image = imageReference(record, labels)
    return { ...record, image, imageLabels: labels, ...(endedBy && { endedBy }) }
  }

  function remember(id: string): void {
    ever.add(id)
    const [oldest] = ever
    if (ever.size > rememberedIds && oldest !== undefined) ever.delete(oldest)
  }

  async function refresh(id: string): Promise<KnownContainer | undefined> {
    try {
      const container = await withImage(await docker.inspect(id))
      known.set(id, container)
      return container
    } catch (error) {
      if (!(error instanceof DockerError && error.code === 'not_found')) throw error
      known.delete(id)
      return undefined
    }
  }

  /**
   * One container that Docker cannot tell about (its lock is held, its record is broken) must not hide the others:
   * what was known of it stays, and every decision reads it anew.
   */
  async function readOne(id: string): Promise<KnownContainer | undefined> {
    try {
      const container = await withImage(await docker.inspect(id))
      readAt.set(id, clock.monotonic())
      return container
    } catch (error) {
      if (error instanceof DockerError && error.code === 'not_found') return undefined
      if (error instanceof DockerError && error.code === 'unreachable') throw error
      log.warn({ container: id, error: errorMessage(error) }, 'a container could not be inspected')
      readAt.delete(id)
      return known.get(id)
    }
  }

  /** Those of `ids` that are to be inspected now: whom nobody knows, and some of the others. */
  function due(ids: readonly string[]): readonly string[] {
    const age = (id: string): number => readAt.get(id) ?? Number.NEGATIVE_INFINITY
    const some = Math.max(fewest, Math.ceil(ids.length / 10))
    const [unread, read] = [ids.filter((id) => !readAt.has(id)), ids.filter((id) => readAt.has(id))]
    return [...unread, ...read.toSorted((a, b) => age(a) - age(b)).slice(0, some)]
  }

  async function list(ended: AbortSignal): Promise<void> {
    const ids = await docker.list()
    // A stream that broke may have lost anything.
    if (!state.connected) readAt.clear()
    const waiting = [...due(ids)]
    const read = new Map<string, KnownContainer | undefined>()
    const readSome = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) read.set(id, await readOne(id))
    }
    await Promise.all(Array.from({ length: abreast }, readSome))
    const containers = ids
      .map((id) => (read.has(id) ? read.get(id) : known.get(id)))
      .filter((one) => one !== undefined)
    // The stream broke meanwhile, or another connection has listed since: this list is of the past.
    if (ended.aborted) return
    known.clear()
    for (const container of containers) known.set(container.id, container)
    for (const id of readAt.keys()) if (!known.has(id)) readAt.delete(id)
    const inUse = new Set(containers.map(({ imageId }) => imageId))
    for (const image of imageLabels.keys()) if (!inUse.has(image)) imageLabels.delete(image)
    if (!state.connected) {
      endings.keepOnly(new Set(ids))
      log.info({ containers: known.size }, 'connected to Docker')
    }
    state = { connected: true, listedAt: clock.now(), error: undefined }
  }

  /** One connection: events are followed before the list is taken, so that nothing falls between the two. */
  async function connect(signal: AbortSignal): Promise<void> {
    const connection = new AbortController()
    const ended = AbortSignal.any([signal, connection.signal])
    const touched = new Set<string>()
    let wake = (): void => {}
    endings.interrupt()
    const events = docker.events((event) => {
      if (idleActions.test(event.action)) return
      endings.see(event)
      hear(event)
      if (event.action === 'destroy') known.delete(event.id)
      touched.add(event.id)
      wake()
    }, ended)
    try {
      await Promise.race([events, list(ended)])
      const refreshes = (async () => {
        for (let relistAt = clock.monotonic() + relistEvery; !ended.aborted; ) {
          const timer = new AbortController()
          wake = () => timer.abort()
          if (touched.size === 0) {
            await clock.sleep(relistEvery, AbortSignal.any([ended, timer.signal])).catch(() => {})
          }
          const ids = [...touched]
          touched.clear()
          for (const id of ids) {
            const found = await readOne(id)
            if (found === undefined) known.delete(id)
            else known.set(id, found)
          }
          if (clock.monotonic() >= relistAt) {
            await list(ended)
            relistAt = clock.monotonic() + relistEvery
          }
        }
      })()
      await Promise.race([events, refreshes])
    } finally {
      connection.abort()
      await events.catch(() => {})
    }
  }

  return {
    state: () => state,
    containers: () => [...known.values()],
    get: (id) => known.get(id),
    everKnew: (id) => ever.has(id),
    refresh,
    async follow(signal) {
      let retry = firstRetry
      while (!signal.aborted) {
        const connectedBefore = state.listedAt
        try {
          await connect(signal)
        } catch (error) {
          if (state.connected || state.listedAt === undefined) {
            log.warn({ error: errorMessage(error) }, 'lost Docker; trying again until it answers')
          }
          state = { ...state, connected: false, error: errorMessage(error) }
        }
        if (state.listedAt !== connectedBefore) retry = firstRetry
        await clock.sleep(retry, signal).catch(() => {})
        retry = Math.min(retry * 2, longestRetry)
      }
    },
  }
}
