import type { DatabaseSync } from 'node:sqlite'
import { type Static, Type } from 'typebox'
import { anythingOwed } from './owed.ts'

/** How long the journal remembers. */
export const JournalSettings = Type.Object(
  {
    days: Type.Number({
      minimum: 1,
      maximum: 3650,
      default: 90,
      description: 'Runs that ended longer ago are forgotten, with all that belongs to them.',
    }),
    megabytes: Type.Number({
      minimum: 1,
      maximum: 100_000,
      default: 200,
      description: 'When it holds more, the oldest runs are forgotten, but none of the last day.',
    }),
  },
  { additionalProperties: false },
)
export type JournalSettings = Static<typeof JournalSettings>

/** How many runs are forgotten in one transaction: webhooks and scrapes wait for it. */
const batch = 50

const day = 86_400_000

/**
 * Forgets some of what is too old or too much. Returns true while there is more to forget, so that whoever calls can
 * let others go first. Never forgotten: what is not over, and what is owed to a container (owed.ts).
 * An incident that is open keeps the runs that acted; of those that only looked there may be one a minute for weeks,
 * and those of the last day are enough. Counters are kept apart, and do not fall. Throws SQLite's error.
 */
export function forgetSome(
  database: DatabaseSync,
  { days, megabytes }: JournalSettings,
  now: number,
): boolean {
  const horizon = heldBytes(database) > megabytes * 1024 * 1024 ? now - day : now - days * day
  database.exec('BEGIN IMMEDIATE')
  try {
    const doomed = database
      .prepare(
        `SELECT id FROM runs WHERE state = 'done' AND (CASE
             WHEN EXISTS (SELECT 1 FROM incidents WHERE id = incident_id AND recovered_at IS NULL)
             THEN admitted_at IS NULL AND ended_at < ?
             ELSE ended_at < ? END) AND NOT EXISTS (
           SELECT 1 FROM steps JOIN effects AS owed ON owed.step_id = steps.id
           WHERE steps.run_id = runs.id AND (${anythingOwed}))
         ORDER BY ended_at LIMIT ?`,
      )
      .all(now - day, horizon, batch)
      .map(({ id }) => String(id))
    for (const id of doomed) {
      database.prepare('DELETE FROM effects WHERE step_id IN (SELECT id FROM steps WHERE run_id = ?)').run(id)
      database.prepare('DELETE FROM steps WHERE run_id = ?').run(id)
      database.prepare('DELETE FROM runs WHERE id = ?').run(id)
    }
    const { changes } = database
      .prepare(
        `DELETE FROM episodes WHERE id IN (
           SELECT id FROM episodes WHERE received_at < ? AND id NOT IN (SELECT episode_id FROM runs) LIMIT ?)`,
      )
      .run(horizon, batch)
    const incidents = `SELECT id FROM incidents WHERE recovered_at < ? AND NOT EXISTS (
      SELECT 1 FROM runs WHERE incident_id = incidents.id) ORDER BY id LIMIT ?`
    const notices = `SELECT id FROM notices WHERE incident_id IN (${incidents})`
    for (const sql of [
      `DELETE FROM deliveries WHERE notice_id IN (${notices})`,
      `DELETE FROM notices WHERE incident_id IN (${incidents})`,
      `DELETE FROM incidents WHERE id IN (${incidents})`,
    ]) {
      database.prepare(sql).run(horizon, batch)
    }
    database.exec('COMMIT')
    return doomed.length === batch || Number(changes) === batch
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Bytes of the pages that hold something; those that were freed are used again. */
function heldBytes(database: DatabaseSync): number {
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
}
