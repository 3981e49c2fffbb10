import type { PostedAlert } from '../../host/alertmanager.ts'
import type { Notice } from '../../journal/notices.ts'
import type { Deeds, Incident, Resolution, RunCount } from '../../journal/records.ts'
import type { Standing } from '../incidents/watch.ts'
import { firesFor } from './due.ts'
import type { Links } from './links.ts'
import { duration, kibibytes } from './units.ts'

/** What an alert about an incident is told from. */
export interface Story {
  readonly standing: Standing
  readonly deeds: Deeds
  /** How the runs of the incident ended. */
  readonly endings: readonly RunCount[]
  readonly links: Links
  /** Labels from the configuration. */
  readonly labels: Readonly<Record<string, string>>
}

/** Who is meant by a level. */
const people: Readonly<Record<number, string>> = {
  1: 'log only',
  2: 'operations',
  3: 'engineering',
  4: 'everybody',
  5: 'a person must act',
}

/** What a resolution is called among people. */
const resolved: Readonly<Record<Resolution, string>> = {
  cleaned_up: 'leaked processes were ended',
  restarted: 'the container was restarted',
  by_person: 'a person took care of it',
  by_itself: 'it went away by itself',
  container_stopped: 'the container was stopped',
  container_gone: 'the container was removed',
}

/**
 * The alert that tells people of an incident. Its labels stay the same as long as the notice does, because other labels
 * are another alert; everything that changes stands in annotations. `now` in milliseconds since the epoch.
 */
export function alertOf(notice: Notice, story: Story, now: number): PostedAlert {
  const { incident, level, acted, update, since } = notice
  const { recoveredAt } = incident
  // Alertmanager refuses what begins after it ends, and the clock may have been put back since.
  const begin = Math.min(since, now)
  return {
    labels: {
      ...story.labels,
      ...incident.labels,
      alertname: 'PidwardenIncident',
      name: incident.name,
      level: String(level),
      acted: acted ? 'yes' : 'no',
      page: update ? 'update' : 'first',
      severity: level > 2 ? 'critical' : 'warning',
    },
    annotations: {
      ...whatHappens(incident, level, story),
      ...whatWasDone(incident, story),
      ...(recoveredAt === undefined ? {} : whatBecame(incident, story)),
      duration: duration((recoveredAt ?? now) - incident.openedAt),
      incident: String(incident.id),
      incident_url: `${story.links.pidwarden}/api/incidents/${incident.id}`,
      runbook_url: 'docs/runbooks/PidwardenIncident.md',
      dashboard_url: `${story.links.dashboard}/d/pidwarden-container?${dashboardQuery(incident)}`,
    },
    startsAt: new Date(begin).toISOString(),
    endsAt: new Date(recoveredAt === undefined ? now + firesFor : Math.max(begin, recoveredAt)).toISOString(),
  }
}

function dashboardQuery({ labels, name }: Incident): string {
  const { job, instance } = labels
  const variables = { ...(job && { 'var-job': job }), ...(instance && { 'var-instance': instance }) }
  return new URLSearchParams({ ...variables, 'var-name': name }).toString()
}

function whatHappens(
  { name, resource, tier, alert, manual }: Incident,
  level: number,
  { standing }: Story,
): Record<string, string> {
  const { measurement, limits, trend } = standing
  const of = (value: string | undefined, limit: string | undefined): string =>
    `${value ?? 'not measured'} (limit ${limit ?? 'none'})`
  return {
    summary:
      manual === undefined
        ? `Container ${name} is at its ${tier} tier for ${resource}.`
        : `Container ${name} needs a person: ${manual.reason}.`,
    alert,
    level: `${level} (${people[level]})`,
    processes: of(
      told(measurement?.processes, String),
      told(limits.pids, (pids) => `${pids} PIDs`),
    ),
    memory: of(told(measurement?.memory, kibibytes), told(limits.memory, kibibytes)),
    trend,
  }
}

function whatWasDone({ manual }: Incident, { endings, deeds, standing }: Story): Record<string, string> {
  const counted = endings.map(({ playbook, outcome, reason, count }) => {
    const how = outcome === undefined ? 'at work' : `${outcome} (${reason})`
    return `${playbook}: ${how}${count > 1 ? ` × ${count}` : ''}`
  })
  const effects = `${deeds.signals} signals sent, restarted ${deeds.restarts} times`
  return {
    actions_taken: [...counted, effects].join('; '),
    restarted: deeds.restarts > 0 ? 'yes' : 'no',
    next_steps: nextSteps(manual !== undefined, standing),
  }
}

/** What people have to do: everything, where pidwarden may only watch. */
function nextSteps(manual: boolean, { mode, waitsFor }: Standing): string {
  if (manual)
    return 'Look at the incident and the container, end the leak, then POST /api/containers/<name>/release; until then pidwarden tries once in a long while at most.'
  if (mode !== undefined && mode !== 'enforce')
    return `End the leak by hand: pidwarden only ${mode === 'observe' ? 'watches' : 'plans'} here, until the container opts in with pidwarden.mode=enforce.`
  return `None by hand. It is over when the container is well for a while; now it waits: ${waitsFor}.`
}

function whatBecame({ peaks, resolution, resource }: Incident, { standing }: Story): Record<string, string> {
  const { measurement, limits } = standing
  const processes = measurement?.processes
  return {
    peak_processes: told(peaks.processes, String) ?? 'not measured',
    peak_memory: told(peaks.memory, kibibytes) ?? 'not measured',
    resolution: resolution === undefined ? 'unknown' : resolved[resolution],
    current_state: processes === undefined ? 'not measured' : `${processes} processes, ${standing.trend}`,
    prevention: prevention(resource, resolution, limits),
    next_steps: 'Check again in an hour, a day and a week.',
  }
}

const told = (value: number | undefined, tell: (value: number) => string): string | undefined =>
  value === undefined ? undefined : tell(value)

/** What keeps it from coming back, as far as the numbers tell. */
function prevention(
  resource: string,
  resolution: Resolution | undefined,
  limits: { readonly pids?: number; readonly memory?: number },
): string {
  const measures = [
    ...(limits.pids === undefined ? ['give the container a PID limit (pids_limit)'] : []),
    ...(limits.memory === undefined ? ['give it a memory limit (mem_limit)'] : []),
    ...(resource === 'memory' || resource === 'cpu'
      ? []
      : ['make the application wait for its children (init: true) and end those that it does not need']),
    ...(resolution === 'restarted' ? ['update the application: only a restart has helped'] : []),
  ]
  return measures.length > 0
    ? measures.join('; ')
    : 'find out what leaks; pidwarden only ends what has leaked'
}
