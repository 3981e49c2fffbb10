import type { Changes } from './changes.ts'
import type { Outcome } from './outcomes.ts'
import type {
  Deeds,
  Incident,
  Level,
  Measurement,
  NewIncident,
  Resolution,
  Run,
  RunCount,
} from './records.ts'
import { aRestart } from './restarts.ts'
import { toIncident, toRun, toRunCount } from './rows.ts'
import type { Statements } from './statements.ts'

/** Outcomes of runs that acted and did not help. */
const unhelpful = ['ineffective', 'regressed', 'failed'] as const satisfies readonly Outcome[]

/** The incidents for those who only read them. */
export type IncidentsReader = Pick<
  Incidents,
  'open' | 'recent' | 'find' | 'openOf' | 'runs' | 'endings' | 'deeds'
>

/** The incidents of the journal. Every method throws SQLite's error. */
export class Incidents {
  readonly #sql: Statements
  readonly #changes: Changes
  readonly #now: () => number

  constructor(sql: Statements, changes: Changes, now: () => number) {
    this.#sql = sql
    this.#changes = changes
    this.#now = now
  }

  /** Those that have not recovered, oldest first. */
  open(): readonly Incident[] {
    return this.#sql.all('SELECT * FROM incidents WHERE recovered_at IS NULL ORDER BY id').map(toIncident)
  }

  /** The newest, newest first; those of one container when it is named. */
  recent(limit: number, name?: string): readonly Incident[] {
    return this.#sql
      .all(
        'SELECT * FROM incidents WHERE name = coalesce(?, name) ORDER BY id DESC LIMIT ?',
        name ?? null,
        limit,
      )
      .map(toIncident)
  }

  find(id: number): Incident | undefined {
    const row = this.#sql.get('SELECT * FROM incidents WHERE id = ?', id)
    return row && toIncident(row)
  }

  /** The open incident of the container of this name. */
  openOf(name: string): Incident | undefined {
    const row = this.#sql.get('SELECT * FROM incidents WHERE name = ? AND recovered_at IS NULL', name)
    return row && toIncident(row)
  }

  /** The newest runs of an incident, oldest first. */
  runs(id: number, limit: number): readonly Run[] {
    const newest =
      'SELECT *, rowid AS position FROM runs WHERE incident_id = ? ORDER BY position DESC LIMIT ?'
    return this.#sql.all(`SELECT * FROM (${newest}) ORDER BY position`, id, limit).map(toRun)
  }

  /** How its runs ended, in the order in which each of these endings came first. */
  endings(id: number): readonly RunCount[] {
    return this.#sql
      .all(
        `SELECT playbook, outcome, reason, count(*) AS count FROM runs WHERE incident_id = ?
         GROUP BY 1, 2, 3 ORDER BY min(rowid)`,
        id,
      )
      .map(toRunCount)
  }

  /** What a resource was when a run of the incident found nothing to end for the first time. */
  firstIdle(id: number, resource: string): number | undefined {
    const row = this.#sql.get(
      `SELECT before FROM runs WHERE incident_id = ? AND resource = ? AND reason = 'no_candidates'
         AND before IS NOT NULL ORDER BY rowid LIMIT 1`,
      id,
      resource,
    )
    const before: unknown = row === undefined ? undefined : JSON.parse(String(row.before))
    const value =
      before instanceof Object ? Object.entries(before).find(([key]) => key === resource)?.[1] : undefined
    return typeof value === 'number' ? value : undefined
  }

  /** What was done in it so far. */
  deeds(id: number): Deeds {
    const effects = `SELECT count(*) FROM effects JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id
      WHERE incident_id = :id`
    const row = this.#sql.get(
      `SELECT
         (${effects} AND kind = 'signal' AND result = 'sent') AS signals,
         (${effects} AND ${aRestart}) AS restarts,
         (SELECT count(*) FROM runs WHERE incident_id = :id AND admitted_at IS NOT NULL
            AND outcome IN ('${unhelpful.join("', '")}') AND reason <> 'no_candidates') AS unhelpful,
         (SELECT count(*) FROM runs WHERE incident_id = :id AND admitted_at IS NOT NULL
            AND origin = 'person') AS ordered`.replaceAll(':id', '?1'),
      id,
    )
    return {
      signals: Number(row?.signals),
      restarts: Number(row?.restarts),
      unhelpful: Number(row?.unhelpful),
      ordered: Number(row?.ordered),
    }
  }

  /** Opens one for the container, unless one is open. */
  openFor(incident: NewIncident): Incident {
    const known = this.openOf(incident.name)
    if (known !== undefined) return known
    const { id } = this.#sql.run(
      `INSERT INTO incidents (name, container_id, alert, resource, tier, labels, level, peaks, opened_at)
       VALUES (?, ?, ?, ?, ?, ?, 1, '{}', ?)`,
      incident.name,
      incident.containerId,
      incident.alert,
      incident.resource,
      incident.tier,
      JSON.stringify(incident.labels),
      this.#now(),
    )
    this.#notice(id)
    return this.#changed(id)
  }

  /** What an alert or the engine tells later: the container may have another id by now, and a higher tier. */
  update(id: number, { containerId, tier }: Pick<Incident, 'containerId' | 'tier'>): void {
    this.#sql.run('UPDATE incidents SET container_id = ?, tier = ? WHERE id = ?', containerId, tier, id)
    this.#changed(id)
  }

  /** Something was done for the first time. */
  act(id: number): void {
    const { changes } = this.#sql.run(
      'UPDATE incidents SET acted_at = ? WHERE id = ? AND acted_at IS NULL',
      this.#now(),
      id,
    )
    if (changes === 0) return
    this.#notice(id)
    this.#changed(id)
  }

  /** Keeps the most of what was measured. */
  measure(id: number, measurement: Measurement): void {
    const peaks: Record<string, number> = { ...this.find(id)?.peaks }
    let more = false
    for (const [resource, value] of Object.entries(measurement)) {
      if (value <= (peaks[resource] ?? Number.NEGATIVE_INFINITY)) continue
      peaks[resource] = value
      more = true
    }
    if (!more) return
    this.#sql.run('UPDATE incidents SET peaks = ? WHERE id = ?', JSON.stringify(peaks), id)
    this.#changed(id)
  }

  /** Asks for people of a higher level; a lower one changes nothing. */
  raise(id: number, level: Level): void {
    const { changes } = this.#sql.run(
      'UPDATE incidents SET level = ?1 WHERE id = ?2 AND level < ?1',
      level,
      id,
    )
    if (changes === 0) return
    this.#notice(id)
    this.#changed(id)
  }

  /** From now on a person is needed, and nothing is done without one. */
  needPeople(id: number, reason: string): void {
    this.#sql.run(
      'UPDATE incidents SET manual_at = ?, manual_reason = ? WHERE id = ?',
      this.#now(),
      reason,
      id,
    )
    this.raise(id, 5)
    // After a release it is at this level, and told, anew.
    this.#notice(id)
    this.#changed(id)
  }

  /** One run may try although a person is needed; the next one waits as long again. */
  renewManual(id: number): void {
    this.#sql.run(
      'UPDATE incidents SET manual_at = ? WHERE id = ? AND manual_at IS NOT NULL',
      this.#now(),
      id,
    )
  }

  /**
   * A person has looked at the container of this name: nobody is called any more, and whoever is called again hears of
   * it as something new.
   */
  release(name: string): void {
    const incident = this.openOf(name)
    if (incident?.manual === undefined) return
    const { id } = incident
    for (const sql of [
      'DELETE FROM deliveries WHERE notice_id IN (SELECT id FROM notices WHERE incident_id = ? AND level = 5)',
      'DELETE FROM notices WHERE incident_id = ? AND level = 5',
      `UPDATE incidents SET manual_at = NULL, manual_reason = NULL,
         level = (SELECT max(level) FROM notices WHERE incident_id = incidents.id) WHERE id = ?`,
    ]) {
      this.#sql.run(sql, id)
    }
    this.#changed(id)
  }

  /** It is over. */
  recover(id: number, resolution: Resolution): void {
    this.#sql.run(
      'UPDATE incidents SET recovered_at = ?, resolution = ? WHERE id = ? AND recovered_at IS NULL',
      this.#now(),
      resolution,
      id,
    )
    this.#changed(id)
  }

  /** Every level with and without deeds that it comes to is something to tell people, once. */
  #notice(id: number): void {
    this.#sql.run(
      `INSERT INTO notices (incident_id, level, acted, since)
       SELECT id, level, acted_at IS NOT NULL, ? FROM incidents WHERE id = ? ON CONFLICT DO NOTHING`,
      this.#now(),
      id,
    )
  }

  #changed(id: number): Incident {
    const incident = this.find(id)
    if (incident === undefined) throw new Error(`the journal has lost incident ${id}`)
    this.#changes.tell('incident', id)
    return incident
  }
}
