import { randomUUID } from 'node:crypto'
import type { Journal } from '../journal/journal.ts'
import type { Outcome, Reason } from '../journal/outcomes.ts'
import type { Episode, Run } from '../journal/records.ts'
import { match, type Surroundings } from './match.ts'
import type { Runner } from './runner.ts'
import type { Verdict, WebhookAlert, WebhookPayload } from './webhook.ts'

/** Counts what arrived, by what became of it. */
export type CountAlert = (verdict: Verdict['verdict'], reason: string) => void

/** What alerts are taken in with. */
export interface IntakePorts {
  readonly journal: Journal
  readonly runner: Runner
  readonly surroundings: Surroundings
  readonly count: CountAlert
}

/**
 * Takes in a notification: every alert on its own, all in one transaction, so that an answer means that the episodes
 * are on file. Throws SQLite's error when they could not be written; Alertmanager then comes again.
 */
export function receive(
  { alerts }: WebhookPayload,
  { journal, runner, surroundings, count }: IntakePorts,
): Verdict[] {
  const queued: Run[] = []
  const atWork = (id: string): boolean => runner.knows(id) || queued.some((run) => run.id === id)
  const verdicts = journal.transaction(() =>
    alerts.map((alert): Verdict => {
      const about = { fingerprint: alert.fingerprint, startsAt: alert.startsAt }
      if (alert.status === 'resolved') return { ...about, ...resolved(alert, journal) }
      const matched = match(alert, surroundings)
      if (matched.kind === 'skip') return { ...about, verdict: 'skipped', reason: matched.reason }
      const { episode, first } = journal.receive(matched.episode)
      // One firing restarts a container once: the stop may have come to its end, whatever became of the run.
      const last = first ? undefined : journal.lastRun(episode.id)
      if (last !== undefined && (!mayTryAgain(last, atWork) || journal.hasStopped(last.id)))
        return { ...about, verdict: 'known', runId: last.id }
      const run = addRun(episode, journal)
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
  return journal.resolve(fingerprint, startsAt)
    ? { verdict: 'known' }
    : { verdict: 'skipped', reason: 'resolved' }
}

const retriedOutcomes = new Set<Outcome>(['interrupted', 'unknown', 'superseded'])
const retriedReasons = new Set<Reason>([
  'shutdown',
  'tier_not_reached',
  'not_running',
  'container_replaced',
  'no_candidates',
  'acting_stopped',
  'maintenance',
  'storm',
  'breaker_open',
  'cooldown',
  'budget',
])

/**
 * A repeat does not start another run: the first one has judged the episode. Unless that one never got to a
 * judgement: because pidwarden or Docker went away under it, because it gave way to a run of a
 * higher tier, or because there was nothing to do at that moment while the alert goes on. Victims are chosen anew then.
 */
function mayTryAgain({ id, state, ending }: Run, atWork: (id: string) => boolean): boolean {
  // Open in the journal, and nobody is at it: its end could not be written.
  if (state !== 'done' || ending === undefined) return !atWork(id)
  return retriedOutcomes.has(ending.outcome) || retriedReasons.has(ending.reason)
}

function addRun({ id, containerId, name, playbook, tier, resource }: Episode, journal: Journal): Run {
  return journal.addRun({ id: randomUUID(), episodeId: id, containerId, name, playbook, tier, resource })
}
