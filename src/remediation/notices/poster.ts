import {
  type Alertmanager,
  AlertmanagerError,
  type AlertmanagerSettings,
  type PostedAlert,
} from '../../host/alertmanager.ts'
import type { Clock } from '../../host/clock.ts'
import { errorMessage } from '../../host/reading.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Incident } from '../../journal/records.ts'
import type { Standing } from '../incidents/watch.ts'
import { alertOf, type Story } from './alert.ts'
import { dueNow } from './due.ts'

/** What notices are posted with. */
export interface PosterPorts {
  readonly journal: Journal
  readonly alertmanager: Alertmanager
  readonly clock: Clock
  readonly settings: () => AlertmanagerSettings
  readonly links: () => Story['links']
  readonly standing: (incident: Incident) => Standing
  readonly log: { warn(details: object, message: string): void; info(details: object, message: string): void }
}

/** Tells every Alertmanager of incidents. */
export interface Poster {
  /** Posts what is due, to all that are not being waited for. Throws SQLite's error, and no other. */
  post(): Promise<void>
  /** Why an Alertmanager could not be told; undefined when all could. */
  trouble(): string | undefined
}

/** Between two rounds, milliseconds. */
export const postPause = 2000

/** After a failure an Alertmanager is left alone, twice as long each time, milliseconds. */
const firstWait = 2000
const longestWait = 60_000

/** How many alerts go in one request. */
const batch = 500

interface Trouble {
  readonly error: string
  readonly wait: number
  /** Monotonic milliseconds. */
  readonly until: number
}

/** A poster that has told nothing yet in this life; what earlier lives have told is in the journal. */
export function createPoster({
  journal,
  alertmanager,
  clock,
  settings,
  links,
  standing,
  log,
}: PosterPorts): Poster {
  const troubles = new Map<string, Trouble>()

  async function postTo(url: string): Promise<void> {
    const now = clock.now()
    const due = journal.notices
      .due(url)
      .flatMap(({ notice, delivery }) => {
        const what = dueNow(notice, delivery, now)
        return what === undefined ? [] : [{ notice, what }]
      })
      .slice(0, batch)
    if (due.length === 0) return
    const alerts = due.map(({ notice, what }) => {
      const { incident } = notice
      const story = {
        standing: standing(incident),
        deeds: journal.incidents.deeds(incident.id),
        endings: journal.incidents.endings(incident.id),
        labels: settings().labels,
        links: links(),
      }
      // One that is over already, and of which nobody has heard, fires for a while first.
      const { recoveredAt: _, ...open } = incident
      return alertOf(what === 'fire' ? { ...notice, incident: open } : notice, story, now)
    })
    const taken = await hand(url, alerts)
    if (taken.size === 0) return
    journal.transaction(() => {
      for (const [index, { notice, what }] of due.entries()) {
        if (!taken.has(index)) continue
        if (what === 'fire') journal.notices.fired(notice, url)
        else journal.notices.settled(notice, url)
      }
    })
  }

  /** Which of the alerts were taken. One that is refused refuses all that come with it: the others then come alone. */
  async function hand(url: string, alerts: readonly PostedAlert[]): Promise<ReadonlySet<number>> {
    const taken = new Set<number>()
    try {
      await alertmanager.post(url, alerts)
      for (const index of alerts.keys()) taken.add(index)
    } catch (error) {
      if (!(error instanceof AlertmanagerError) || !error.refused || alerts.length === 1) {
        fail(url, errorMessage(error))
        return taken
      }
      for (const [index, alert] of alerts.entries()) {
        try {
          await alertmanager.post(url, [alert])
          taken.add(index)
        } catch (refusal) {
          fail(url, errorMessage(refusal))
        }
      }
    }
    if (taken.size === alerts.length && troubles.delete(url))
      log.info({ url }, 'Alertmanager takes alerts again')
    return taken
  }

  function fail(url: string, error: string): void {
    const before = troubles.get(url)
    const wait = Math.min(longestWait, (before?.wait ?? firstWait / 2) * 2)
    if (before?.error !== error) log.warn({ url, error }, 'Alertmanager did not take an alert; trying again')
    troubles.set(url, { error, wait, until: clock.monotonic() + wait })
  }

  return {
    async post() {
      const { urls } = settings()
      for (const url of troubles.keys()) if (!urls.includes(url)) troubles.delete(url)
      const free = urls.filter((url) => (troubles.get(url)?.until ?? 0) <= clock.monotonic())
      await Promise.all(free.map(postTo))
    },
    trouble: () => {
      const told = [...troubles].map(([, { error }]) => error)
      return told.length === 0 ? undefined : told.join('; ')
    },
  }
}
