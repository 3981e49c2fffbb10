import type { SQLOutputValue } from 'node:sqlite'
import { type Ending, type Outcome, outcomes, type Reason, reasons } from './outcomes.ts'
import {
  type Deed,
  type Effect,
  type Episode,
  effectKinds,
  type Incident,
  type Level,
  type Limits,
  type Measurement,
  type Run,
  type RunCount,
  resolutions,
  type Step,
} from './records.ts'

/** A row as node:sqlite gives it. */
export type Row = Record<string, SQLOutputValue>

export function toEpisode(row: Row): Episode {
  return {
    id: Number(row.id),
    fingerprint: String(row.fingerprint),
    startsAt: String(row.starts_at),
    alert: String(row.alert),
    containerId: String(row.container_id),
    name: String(row.name),
    playbook: String(row.playbook),
    tier: String(row.tier),
    resource: String(row.resource),
    receivedAt: Number(row.received_at),
    deliveries: Number(row.deliveries),
  }
}

export function toRun(row: Row): Run {
  return {
    id: String(row.id),
    episodeId: Number(row.episode_id),
    containerId: String(row.container_id),
    name: String(row.name),
    playbook: String(row.playbook),
    tier: String(row.tier),
    resource: String(row.resource),
    origin: row.escalates !== null ? 'escalation' : row.origin === 'person' ? 'person' : 'alert',
    dryRun: row.dry_run === 1,
    state: toState(row.state),
    createdAt: Number(row.created_at),
    ...optional('incidentId', toNumber(row.incident_id)),
    ...optional('escalates', toText(row.escalates)),
    ...optional('aim', toText(row.aim)),
    ...optional('startedAt', toNumber(row.started_at)),
    ...optional('endedAt', toNumber(row.ended_at)),
    ...optional('ending', toEnding(row)),
    ...optional('before', toMeasurement(row.before)),
    ...optional('after', toMeasurement(row.after)),
  }
}

export function toDeed(row: Row): Deed {
  const run = toRun(row)
  const { name, playbook, tier } = run
  return {
    name,
    playbook,
    tier,
    at: Number(row.admitted_at),
    ...optional('outcome', run.ending?.outcome),
    ...optional('reason', run.ending?.reason),
    ...optional('endedAt', run.endedAt),
    ...(row.restarted === 1 ? { restarted: true } : {}),
    ...(row.gentle === 1 ? { gentle: true } : {}),
  }
}

export function toStep(row: Row): Step {
  const plan: unknown = typeof row.plan === 'string' ? JSON.parse(row.plan) : undefined
  return {
    id: Number(row.id),
    action: String(row.action),
    startedAt: Number(row.started_at),
    ...optional('endedAt', toNumber(row.ended_at)),
    ...optional('ending', toEnding(row)),
    ...optional('plan', plan),
    ...optional('before', toMeasurement(row.before)),
    ...optional('after', toMeasurement(row.after)),
  }
}

export function toEffect(row: Row): Effect {
  return {
    id: Number(row.id),
    kind: effectKinds.find((kind) => kind === row.kind) ?? 'signal',
    intentAt: Number(row.intent_at),
    ...optional('pid', toNumber(row.pid)),
    ...optional('startTicks', toNumber(row.start_ticks)),
    ...optional('command', toText(row.command)),
    ...optional('signal', toText(row.signal)),
    ...optional('life', toText(row.life)),
    ...optional('containerId', toText(row.container_id)),
    ...optional('object', toText(row.object)),
    ...optional('limits', toLimits(row.limits)),
    ...optional('limitsBefore', toLimits(row.limits_before)),
    ...optional('until', toNumber(row.until)),
    ...optional('details', typeof row.details === 'string' ? JSON.parse(row.details) : undefined),
    ...optional('resultAt', toNumber(row.result_at)),
    ...optional('result', toText(row.result)),
  }
}

export function toIncident(row: Row): Incident {
  const manual = toNumber(row.manual_at)
  return {
    id: Number(row.id),
    name: String(row.name),
    containerId: String(row.container_id),
    alert: String(row.alert),
    resource: String(row.resource),
    tier: String(row.tier),
    labels: JSON.parse(String(row.labels)),
    level: toLevel(row.level),
    peaks: JSON.parse(String(row.peaks)),
    openedAt: Number(row.opened_at),
    ...optional('actedAt', toNumber(row.acted_at)),
    ...(manual === undefined ? {} : { manual: { since: manual, reason: String(row.manual_reason) } }),
    ...optional('recoveredAt', toNumber(row.recovered_at)),
    ...optional(
      'resolution',
      resolutions.find((one) => one === row.resolution),
    ),
  }
}

export function toRunCount(row: Row): RunCount {
  const ending = toEnding(row)
  return {
    playbook: String(row.playbook),
    ...optional('outcome', ending?.outcome),
    ...optional('reason', ending?.reason),
    count: Number(row.count),
  }
}

const levels: readonly Level[] = [1, 2, 3, 4, 5]

/** Whoever finds a level that there is not, had better wake somebody. */
const toLevel = (value: SQLOutputValue | undefined): Level => levels.find((level) => level === value) ?? 5

/** `{ [key]: value }`, or nothing: with exactOptionalPropertyTypes an absent property must stay absent. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const part: { [P in K]?: V } = {}
  if (value !== undefined) part[key] = value
  return part
}

const toNumber = (value: SQLOutputValue | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Number(value)

const toText = (value: SQLOutputValue | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

const toState = (value: SQLOutputValue | undefined): Run['state'] =>
  value === 'queued' || value === 'running' ? value : 'done'

export function toLimits(value: SQLOutputValue | undefined): Limits | undefined {
  return typeof value === 'string' ? (JSON.parse(value) as Limits) : undefined
}

function toMeasurement(value: SQLOutputValue | undefined): Measurement | undefined {
  return typeof value === 'string' ? (JSON.parse(value) as Measurement) : undefined
}

function toEnding(row: Row): Ending | undefined {
  const outcome = row.outcome
  const reason = row.reason
  if (!isOutcome(outcome) || !isReason(reason)) return undefined
  return { outcome, reason, ...optional('detail', toText(row.detail)) }
}

const isOutcome = (value: unknown): value is Outcome => outcomes.some((outcome) => outcome === value)
const isReason = (value: unknown): value is Reason => reasons.some((reason) => reason === value)
