import { Value } from 'typebox/value'
import type { Census, Observer } from '../../census/observe.ts'
import type { Policy } from '../../census/policy.ts'
import { likelyProfile } from '../../census/profiles.ts'
import { createPace, type Urgency } from '../../census/steps.ts'
import type { Clock } from '../../host/clock.ts'
import type { Inventory, KnownContainer } from '../../host/inventory.ts'
import { GatewayError, type SessionApi } from '../../host/metamcp.ts'
import type { Procfs } from '../../host/procfs.ts'
import { errorMessage } from '../../host/reading.ts'
import type { Journal } from '../../journal/journal.ts'
import { remember, SessionMemory } from './memory.ts'
import { addressOf, type ContainerSessions, type SessionSettings, sessionsOf } from './settings.ts'
import { seeTrees } from './trees.ts'

/** What sessions are watched with. */
export interface SessionPorts {
  readonly api: SessionApi
  readonly inventory: Inventory
  readonly observer: Pick<Observer, 'glance'>
  readonly procfs: Procfs
  readonly clock: Clock
  readonly journal: Pick<Journal, 'sessions'>
  readonly settings: () => SessionSettings
  readonly policyOf: (container: KnownContainer) => Policy
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void }
  readonly urgency?: Urgency
}

/** The sessions that gateways in containers keep. */
export interface Sessions {
  /** What the file says of this container; undefined = nothing, or it has another profile. */
  settingsOf(container: KnownContainer): ContainerSessions | undefined
  /** What the last look left behind; undefined when nobody has looked into this life of the container. */
  known(container: KnownContainer): SessionMemory | undefined
  /** Looks now. Throws GatewayError when the gateway cannot be asked, SQLite's error when it cannot be kept. */
  look(container: KnownContainer, census: Census, urgency?: Urgency): Promise<SessionMemory>
  /** Nobody knows any more which session uses what: it has turned out to be wrong. Throws SQLite's error. */
  distrust(container: KnownContainer): void
  /** Closes one session. Throws GatewayError. */
  close(container: KnownContainer, sessionId: string): Promise<void>
}

/** Looks at the sessions of all gateways, so that their ages are known when it matters. */
export interface SessionWatch extends Sessions {
  /** Looks at those whose time has come. Throws SQLite's error. */
  round(): Promise<void>
}

/** Between two looks at whether the time of a gateway has come, milliseconds. */
export const sessionPause = 500

/**
 * What happens between two looks belongs together as long as they are no further apart than this, or than three times
 * what they ought to be, seconds.
 */
const shortestGap = 10

/** A timer is late, and never by much: a look that comes a little early still counts. */
const leeway = 0.8

/** A watch that remembers what the journal does. */
export function createSessionWatch(ports: SessionPorts): SessionWatch {
  const { api, inventory, observer, procfs, clock, journal, settings, policyOf, log } = ports
  const lives = new Map<string, { readonly startedAt: string; memory: SessionMemory; saved: string }>()
  /** The look that is under way in a container: each begins where the one before has ended. */
  const looks = new Map<string, Promise<unknown>>()
  const lookedAt = new Map<string, number>()
  const troubles = new Map<string, string>()
  let kept: string | undefined

  function settingsOf(container: KnownContainer): ContainerSessions | undefined {
    return policyOf(container).profile === 'metamcp' ? sessionsOf(container, settings()) : undefined
  }

  function known({ id, startedAt }: KnownContainer): SessionMemory | undefined {
    const life = lives.get(id)
    if (life?.startedAt === startedAt) return life.memory
    const saved = journal.sessions.load({ id, startedAt })
    if (!Value.Check(SessionMemory, saved)) return undefined
    lives.set(id, { startedAt, memory: saved, saved: shapeOf(saved) })
    return saved
  }

  /** All but the pulses, which change with every call that somebody makes: those of an earlier look do as well. */
  function keep({ id, startedAt }: KnownContainer, memory: SessionMemory): void {
    const shape = shapeOf(memory)
    const life = lives.get(id)
    const saved = life?.startedAt === startedAt ? life.saved : undefined
    lives.set(id, { startedAt, memory, saved: saved ?? '' })
    if (saved === shape) return
    journal.sessions.save({ id, startedAt }, memory)
    lives.set(id, { startedAt, memory, saved: shape })
  }

  async function look(container: KnownContainer, census: Census, urgency?: Urgency): Promise<SessionMemory> {
    const before = looks.get(container.id)
    const mine = (async () => {
      await before?.catch(() => {})
      const address = addressOf(settingsOf(container))
      const trees = await createPace(clock, urgency).walk(seeTrees(census, procfs))
      const at = procfs.uptime()
      const sessions = await api.list(address.url)
      const { every } = settings()
      const rhythm = { longestGap: Math.max(shortestGap, every * 3), rest: every * leeway }
      const memory = remember(known(container), { at, sessions, trees }, rhythm)
      keep(container, memory)
      return memory
    })()
    looks.set(container.id, mine)
    try {
      return await mine
    } finally {
      if (looks.get(container.id) === mine) looks.delete(container.id)
    }
  }

  async function lookAt(container: KnownContainer): Promise<void> {
    const { census } = await observer.glance(container)
    if (census.kind !== 'value') return
    try {
      await look(container, census.value, ports.urgency)
      if (troubles.delete(container.id))
        log.info({ container: container.name }, 'its gateway tells of its sessions')
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      tell(container, errorMessage(error), 'its sessions are not known')
    }
  }

  /** Once, as long as it stays the same. */
  function tell({ id, name }: KnownContainer, what: string, message: string): void {
    if (troubles.get(id) === what) return
    troubles.set(id, what)
    log.warn({ container: name, error: what }, message)
  }

  /** What an image is called says what it is likely to be; a person has to say that it is. */
  function reportLikely(container: KnownContainer): void {
    const { id, name, image } = container
    const likely = likelyProfile(image)
    if (policyOf(container).profile !== 'unknown' || likely === undefined || troubles.get(id) === likely)
      return
    troubles.set(id, likely)
    log.info(
      { container: name, image, likely },
      'its image looks like a known application: say so with pidwarden.profile',
    )
  }

  function forget(): void {
    const containers = inventory.containers()
    const ids = new Set(containers.map(({ id }) => id))
    for (const map of [lives, lookedAt, troubles])
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id)
    const now = [...ids].sort().join()
    if (now === kept) return
    journal.sessions.keepOnly([...ids])
    kept = now
  }

  return {
    settingsOf,
    known,
    look,
    distrust(container) {
      const memory = known(container)
      if (memory === undefined) return
      const trees = memory.trees.map(({ session: _, ownedIn: __, takenIn: ___, ...tree }) => ({
        ...tree,
        standing: 'taken' as const,
      }))
      keep(container, { ...memory, trees })
    },
    async close(container, sessionId) {
      await api.close(addressOf(settingsOf(container)), sessionId)
    },
    async round() {
      if (!inventory.state().connected) return
      forget()
      const now = clock.monotonic()
      const running = inventory.containers().filter(({ state }) => state === 'running')
      for (const container of running) reportLikely(container)
      const due = running.filter((container) => {
        const last = lookedAt.get(container.id) ?? Number.NEGATIVE_INFINITY
        return now - last >= settings().every * 1000 && settingsOf(container) !== undefined
      })
      for (const { id } of due) lookedAt.set(id, now)
      await Promise.all(due.map(lookAt))
    },
  }
}

function shapeOf({ sessions, trees }: SessionMemory): string {
  return JSON.stringify([sessions, trees.map(({ pulse: _, movedAt: __, ...shape }) => shape)])
}
