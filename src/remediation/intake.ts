import { randomUUID } from 'node:crypto'
import type { Clock } from '../host/clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { Episode, NewEpisode, Run } from '../journal/records.ts'
import { incidentFor } from './incidents/open.ts'
import { match, type Surroundings } from './match.ts'
import { mayRepeat } from './repeat.ts'
import type { Runner } from './runner.ts'
import type { RemediationSettings } from './settings.ts'
import { instant, type SkipReason, type Verdict, type WebhookAlert, type WebhookPayload } from './webhook.ts'

/** Counts what arrived, by what became of it. */
export type CountAlert = (verdict: Verdict['verdict'], reason: string) => void

/** What alerts are taken in with. */
export interface IntakePorts {
  readonly journal: Journal
  readonly runner: Runner
  readonly surroundings: Surroundings
  readonly clock: Clock
  readonly settings: () => RemediationSettings
  readonly count: CountAlert
  /** The alert that always fires has come through. */
  readonly heartbeat: () => void
}

/** Alerts that always fire, to show that alerts come through: ours, and that of everybody else. */
const watchdogs: ReadonlySet<string> = new Set(['PidwardenWatchdog', 'Watchdog'])

/**
 * Takes in a notification: every alert on its own, all in one transaction, so that an answer means that the episodes
 * are on file. Throws SQLite's error when they could not be written; Alertmanager then comes again.
 */
export function receive(
  { alerts }: WebhookPayload,
  { journal, runner, surroundings, clock, settings, count, heartbeat }: IntakePorts,
): Verdict[] {
  const queued: Run[] = []
  const atWork = (id: string): boolean => runner.knows(id) || queued.some((run) => run.id === id)
  const open = settings().breaker.open * 1000
  const mayStart = (last: Run): boolean => {
    // Open in the journal, and nobody is at it: its end could not be written.
    if (last.state !== 'done' || last.ending === undefined)
      return !atWork(last.id) && !journal.hasStopped(last.id)
    return mayRepeat(last, {
      now: clock.now(),
      releasedAt: journal.releasedAt(last.name),
      hasStopped: journal.hasStopped(last.id),
      open,
    })
  }
  const verdicts = journal.transaction(() =>
    alerts.map((alert): Verdict => {
      const about = { fingerprint: alert.fingerprint, startsAt: alert.startsAt }
      if (watchdogs.has(alert.labels.alertname ?? '')) {
        if (alert.status === 'firing') heartbeat()
        return { ...about, verdict: 'skipped', reason: 'watchdog' }
      }
      if (alert.status === 'resolved') return { ...about, ...resolved(alert, journal) }
      const matched = match(alert, surroundings)
      if (matched.kind === 'skip') {
        if (matched.episode !== undefined) tellPeople(matched.episode, matched.reason, alert.labels, journal)
        return { ...about, verdict: 'skipped', reason: matched.reason }
      }
      const startsAt = instant(matched.episode.startsAt)
      const { episode, first } = journal.receive({ ...matched.episode, startsAt })
      const last = first ? undefined : journal.lastRun(episode.id)
      if (last !== undefined && !mayStart(last)) return { ...about, verdict: 'known', runId: last.id }
      const run = addRun(episode, alert.labels, journal)
      queued.push(run)
      return { ...about, verdict: 'queued', runId: run.id }
    }),
  )
  for (const { verdict, reason } of verdicts) count(verdict, reason ?? '')
  for (const run of queued) runner.submit(run)
  return verdicts
}

/** `resolved` is a hint that the alert stopped, never a proof that the container is well; nothing is done on it. */
function resolved(
  { fingerprint, startsAt }: WebhookAlert,
  journal: Journal,
): Pick<Verdict, 'verdict' | 'reason'> {
  return journal.resolve(fingerprint, instant(startsAt))
    ? { verdict: 'known' }
    : { verdict: 'skipped', reason: 'resolved' }
}

/**
 * Nobody but people will do anything about it: it becomes an incident like any other. Of a container that has not opted
 * in, operations hear at once where it leaks: how many processes or how much memory an ordinary container has, nobody
 * has asked to be told. Of pidwarden's own stack they hear of everything.
 */
function tellPeople(
  episode: NewEpisode,
  reason: SkipReason,
  labels: WebhookAlert['labels'],
  journal: Journal,
): void {
  const { id } = incidentFor(episode, labels, journal)
  const grave = reason === 'own_stack' || leaks.has(episode.resource)
  if (grave && episode.tier !== 'warning') journal.incidents.raise(id, operations)
}

/** What says by itself that something is wrong. */
const leaks: ReadonlySet<string> = new Set(['duplicates', 'orphans'])

/** The level of people who look after containers. */
const operations = 2

function addRun(episode: Episode, labels: WebhookAlert['labels'], journal: Journal): Run {
  const { id: episodeId, containerId, name, playbook, tier, resource } = episode
  const { id: incidentId } = incidentFor(episode, labels, journal)
  return journal.addRun({
    id: randomUUID(),
    episodeId,
    incidentId,
    containerId,
    name,
    playbook,
    tier,
    resource,
  })
}
