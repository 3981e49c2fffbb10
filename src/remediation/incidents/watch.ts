import type { Observation, Observer } from '../../census/observe.ts'
import type { Policy } from '../../census/policy.ts'
import { resources, type Tier } from '../../census/presets.ts'
import { nameBefore } from '../../host/aside.ts'
import type { Clock } from '../../host/clock.ts'
import type { Inventory, KnownContainer } from '../../host/inventory.ts'
import type { Procfs } from '../../host/procfs.ts'
import { valueIn } from '../../host/reading.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Deeds, Incident, Measurement, Resolution } from '../../journal/records.ts'
import { unwellDependents } from '../dependents.ts'
import type { Runner, RunnerLog } from '../runner.ts'
import type { RemediationSettings } from '../settings.ts'
import { measure, measuredTier } from '../verify.ts'
import { levelOf, levelSettings, nothingDone } from './level.ts'
import { illness, type Sample, slightly, trendOf, unrecovered } from './recovery.ts'
import type { Standing } from './standing.ts'

export type { Standing } from './standing.ts'

/** What incidents are watched with. */
export interface WatchPorts {
  readonly journal: Journal
  readonly inventory: Inventory
  readonly observer: Observer
  readonly procfs: Procfs
  readonly runner: Runner
  readonly clock: Clock
  readonly settings: () => RemediationSettings
  /** When somebody scraped last, on the monotonic clock; undefined before the first. */
  readonly scrapedAt: () => number | undefined
  readonly log: RunnerLog
}

/** Looks after incidents until the containers have recovered. */
export interface IncidentWatch {
  /** Looks at the container of every open incident once, and closes those that are over. Throws SQLite's error. */
  look(): Promise<void>
  /** How the container of an open incident is. */
  standing(incident: Incident): Standing
}

/** Between two looks, milliseconds. */
export const watchPause = 10_000

/** Samples that are further apart leave a gap, in which anything may have happened, milliseconds. */
const longestGap = watchPause * 3

/** A scrape that is longer ago says that nobody watches, milliseconds. */
const scrapePatience = 90_000

/** How far back a trend looks, milliseconds. */
const trendWindow = 60_000

/** How long the last look at a container is kept when its incident is over, milliseconds. */
const keptFor = 900_000

/** States that a container stays in until somebody does something. */
const over: ReadonlySet<string> = new Set(['created', 'exited', 'dead'])

/** A watch that has seen nothing yet: what was before pidwarden began, nobody has watched. */
export function createIncidentWatch(ports: WatchPorts): IncidentWatch {
  const { journal, inventory, observer, clock, settings, log } = ports
  const samples = new Map<number, Sample[]>()

  const limitsSeen = new Map<number, Standing['limits']>()
  const modesSeen = new Map<number, Policy['mode']>()

  const windowMs = (): number => settings().recovery * 1000

  async function lookAt(incident: Incident): Promise<void> {
    const container = find(incident)
    const observation = container === undefined ? undefined : await observer.glance(container)
    const own = samples.get(incident.id) ?? []
    samples.set(incident.id, own)
    const sample = takeSample(incident, container, observation)
    own.push(sample)
    while (own.length > 2 && (own[1]?.at ?? 0) < sample.at - windowMs()) own.shift()
    if (sample.measurement !== undefined) note(incident, sample.measurement)
    // Read anew: a person may have been asked for since the round began.
    const now = journal.incidents.find(incident.id)
    const resolution = now && ended(now, own, container)
    if (resolution === undefined) return
    journal.incidents.recover(incident.id, resolution)
    log.info({ incident: incident.id, container: incident.name, resolution }, 'incident is over')
  }

  /** By name: a recreated container has another id, and goes on with the incident. Until then the old one does. */
  function find({ name }: Incident): KnownContainer | undefined {
    const all = inventory.containers()
    return all.find((one) => one.name === name) ?? all.find((one) => nameBefore(one) === name)
  }

  function takeSample(
    incident: Incident,
    container: KnownContainer | undefined,
    observation: Observation | undefined,
  ): Sample {
    const at = clock.monotonic()
    if (container === undefined || observation === undefined) return { at, ill: 'it is gone' }
    modesSeen.set(incident.id, observation.policy.mode)
    if (nameBefore(container) !== undefined) return { at, ill: 'it is being recreated' }
    const census = valueIn(observation.census)
    if (census === undefined)
      return { at, ill: container.state === 'running' ? 'it cannot be measured' : `it is ${container.state}` }
    const { pidsLimit: pids, memoryLimit: memory } = census.cgroup
    limitsSeen.set(incident.id, {
      ...(pids === undefined ? {} : { pids }),
      ...(memory === undefined ? {} : { memory }),
    })
    const measurement = measure({ ...observation, census })
    const scrapedAt = ports.scrapedAt()
    const tiers = tiersOf(observation, measurement)
    const ill = illness({
      state: container.state,
      health: container.health,
      tiers,
      about: incident.resource,
      busy: ports.runner.inProgress().includes(incident.name),
      watched: scrapedAt !== undefined && at - scrapedAt < scrapePatience,
      dependents: unwellDependents(container, ports),
      forAWhile: journal
        .temporaries()
        .filter(({ containerId }) => containerId === container.id)
        .map(({ kind }) => kind),
    })
    const slight = slightly({ tiers })
    return {
      at,
      measurement,
      ...(ill === undefined ? {} : { ill }),
      ...(slight === undefined ? {} : { slight }),
    }
  }

  function note({ id, tier }: Incident, measurement: Measurement): void {
    // What was done is judged when it is done.
    const gravity = { tier, measurement, deeds: nothingDone }
    journal.transaction(() => {
      journal.incidents.measure(id, measurement)
      // How large a container is that has not opted in, nobody has asked to be told.
      if (modesSeen.get(id) === 'observe') return
      journal.incidents.raise(id, levelOf(gravity, levelSettings(settings())))
    })
  }

  function ended(
    incident: Incident,
    own: readonly Sample[],
    container: KnownContainer | undefined,
  ): Resolution | undefined {
    if (unrecovered(own, windowMs(), longestGap) === undefined)
      return resolutionOf(incident, journal.incidents.deeds(incident.id))
    const since = own[0]?.at ?? Number.POSITIVE_INFINITY
    const last = own.at(-1)?.at ?? 0
    if (last - since < windowMs() || !inventory.state().connected) return undefined
    if (own.some(({ measurement }) => measurement !== undefined)) return undefined
    if (container === undefined) return 'container_gone'
    if (nameBefore(container) !== undefined) return undefined
    // Nobody waits for a container that somebody has stopped, unless a person is asked to bring it back.
    return over.has(container.state) && incident.manual === undefined ? 'container_stopped' : undefined
  }

  return {
    async look() {
      const open = journal.incidents.open()
      for (const incident of open) await lookAt(incident)
      const ids = new Set(open.map(({ id }) => id))
      // How it was at the end is still told for a while.
      const forgotten = (id: number): boolean =>
        !ids.has(id) && (samples.get(id)?.at(-1)?.at ?? 0) < clock.monotonic() - keptFor
      for (const id of [...samples.keys()].filter(forgotten))
        for (const known of [samples, limitsSeen, modesSeen]) known.delete(id)
    },
    standing({ id }) {
      const own = samples.get(id) ?? []
      const measurement = own.at(-1)?.measurement
      const mode = modesSeen.get(id)
      return {
        trend: trendOf(own, trendWindow),
        waitsFor: unrecovered(own, windowMs(), longestGap) ?? 'nothing',
        limits: limitsSeen.get(id) ?? {},
        ...(mode === undefined ? {} : { mode }),
        ...(measurement === undefined ? {} : { measurement }),
      }
    },
  }
}

function tiersOf(
  observation: Observation,
  measurement: Measurement,
): Partial<Record<(typeof resources)[number], Tier | 'normal'>> {
  const reached = resources.map((resource) => [resource, measuredTier(observation, resource, measurement)])
  return Object.fromEntries(reached.filter(([, tier]) => tier !== undefined))
}

function resolutionOf({ manual }: Incident, { signals, restarts, ordered }: Deeds): Resolution {
  if (manual !== undefined || ordered > 0) return 'by_person'
  if (restarts > 0) return 'restarted'
  return signals > 0 ? 'cleaned_up' : 'by_itself'
}
