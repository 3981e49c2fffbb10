import type { Incident } from './records.ts'
import { type Row, toIncident } from './rows.ts'
import type { Statements } from './statements.ts'

/** Something to tell people, until each Alertmanager has taken it: an incident at one level, with or without deeds. */
export interface Notice {
  readonly id: number
  readonly incident: Incident
  readonly level: number
  readonly acted: boolean
  /** People of this level have been called before in this incident: it tells them of what was done since. */
  readonly update: boolean
  /** Since when, milliseconds since the epoch. */
  readonly since: number
}

/** What one Alertmanager has been told of a notice. Times in milliseconds since the epoch, absent = not yet. */
export interface Delivery {
  /** When it first took it as firing, and when last. */
  readonly firedAt?: number
  readonly repeatedAt?: number
  /** When it took it as resolved. */
  readonly resolvedAt?: number
  /** Of an update: when it took that which called people first. */
  readonly calledAt?: number
}

const day = 86_400_000

/** What is still to be told, and to whom. Every method throws SQLite's error. */
export class Notices {
  readonly #sql: Statements
  readonly #now: () => number

  constructor(sql: Statements, now: () => number) {
    this.#sql = sql
    this.#now = now
  }

  /**
   * Those that are not known to be resolved at `url`, oldest first, with what was told there. What was over for a day
   * before this Alertmanager heard of it is no news any more.
   */
  due(url: string): readonly { readonly notice: Notice; readonly delivery: Delivery }[] {
    return this.#sql
      .all(
        `SELECT incidents.*, notices.id AS notice_id, notices.level AS notice_level, notices.acted, notices.since,
                told.fired_at, told.repeated_at, told.resolved_at,
                calls.id AS call_id, called.fired_at AS called_at
         FROM notices JOIN incidents ON incidents.id = notices.incident_id
         LEFT JOIN deliveries AS told ON told.notice_id = notices.id AND told.url = ?1
         LEFT JOIN notices AS calls ON calls.incident_id = notices.incident_id AND calls.level = notices.level
           AND calls.acted < notices.acted
         LEFT JOIN deliveries AS called ON called.notice_id = calls.id AND called.url = ?1
         WHERE told.resolved_at IS NULL AND (recovered_at IS NULL OR told.fired_at IS NOT NULL OR recovered_at > ?2)
         ORDER BY notices.id`,
        url,
        this.#now() - day,
      )
      .map((row) => ({ notice: toNotice(row), delivery: toDelivery(row) }))
  }

  /** `url` has taken it as firing. A notice that a release has taken back meanwhile is let go. */
  fired({ id }: Notice, url: string): void {
    this.#sql.run(
      `INSERT INTO deliveries (notice_id, url, fired_at, repeated_at) SELECT id, ?2, ?3, ?3 FROM notices WHERE id = ?1
       ON CONFLICT DO UPDATE SET repeated_at = ?3, fired_at = coalesce(fired_at, ?3)`,
      id,
      url,
      this.#now(),
    )
  }

  /** `url` has taken it as resolved, or is not to be told any more. */
  settled({ id }: Notice, url: string): void {
    this.#sql.run(
      `INSERT INTO deliveries (notice_id, url, resolved_at) SELECT id, ?2, ?3 FROM notices WHERE id = ?1
       ON CONFLICT DO UPDATE SET resolved_at = ?3`,
      id,
      url,
      this.#now(),
    )
  }
}

function toNotice(row: Row): Notice {
  return {
    id: Number(row.notice_id),
    incident: toIncident(row),
    level: Number(row.notice_level),
    acted: row.acted === 1,
    update: row.call_id != null,
    since: Number(row.since),
  }
}

function toDelivery({ fired_at, repeated_at, resolved_at, called_at }: Row): Delivery {
  return {
    ...(fired_at == null ? {} : { firedAt: Number(fired_at) }),
    ...(repeated_at == null ? {} : { repeatedAt: Number(repeated_at) }),
    ...(resolved_at == null ? {} : { resolvedAt: Number(resolved_at) }),
    ...(called_at == null ? {} : { calledAt: Number(called_at) }),
  }
}
