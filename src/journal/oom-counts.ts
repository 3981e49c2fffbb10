import type { OomCount } from '../census/oom-kills.ts'
import type { Row } from './rows.ts'
import type { Statements } from './statements.ts'

/** How many names stay on file; those that were not written for longest go first. */
const most = 10_000

/** Counts of OOM kills, over restarts of pidwarden: a counter that fell would count as so many new ones. */
export class OomCounts {
  readonly #sql: Statements
  readonly #now: () => number

  constructor(sql: Statements, now: () => number) {
    this.#sql = sql
    this.#now = now
  }

  /** All that were saved, the one that was written last at the end. Writes nothing. Throws SQLite's error. */
  load(): readonly (readonly [name: string, count: OomCount])[] {
    return this.#sql
      .all('SELECT * FROM oom_counts ORDER BY written_at, name')
      .map((row) => [String(row.name), toCount(row)])
  }

  /** Throws SQLite's error. */
  save(name: string, { life, before, first, last, told, since }: OomCount): void {
    this.#sql.run(
      `INSERT INTO oom_counts (name, life, before, first, last, told, since, written_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (name) DO UPDATE
       SET life = ?2, before = ?3, first = ?4, last = ?5, told = ?6, since = ?7, written_at = ?8`,
      ...[name, life, before, first, last, told, since ?? null, this.#now()],
    )
    this.#sql.run(
      `DELETE FROM oom_counts WHERE name IN (SELECT name FROM oom_counts ORDER BY written_at, name
         LIMIT max(0, (SELECT count(*) FROM oom_counts) - ${most}))`,
    )
  }
}

function toCount({ life, before, first, last, told, since }: Row): OomCount {
  return {
    life: String(life),
    before: Number(before),
    first: Number(first),
    last: Number(last),
    told: Number(told),
    ...(since === null ? {} : { since: Number(since) }),
  }
}
