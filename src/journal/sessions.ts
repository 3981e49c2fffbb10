import type { Statements } from './statements.ts'

/** One life of a container: another StartedAt is another one. */
export interface Life {
  readonly id: string
  readonly startedAt: string
}

/** What is known of the sessions of gateways, over restarts of pidwarden. Every method throws SQLite's error. */
export class SessionMemories {
  readonly #sql: Statements
  readonly #now: () => number

  constructor(sql: Statements, now: () => number) {
    this.#sql = sql
    this.#now = now
  }

  /** As it was saved, not checked; undefined when nothing is known of this life. */
  load({ id, startedAt }: Life): unknown {
    const row = this.#sql.get(
      'SELECT memory FROM session_memories WHERE container_id = ? AND life = ?',
      id,
      startedAt,
    )
    return typeof row?.memory === 'string' ? JSON.parse(row.memory) : undefined
  }

  /** What was known of an earlier life is forgotten. */
  save({ id, startedAt }: Life, memory: unknown): void {
    this.#sql.run(
      `INSERT INTO session_memories (container_id, life, memory, written_at) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (container_id) DO UPDATE SET life = ?2, memory = ?3, written_at = ?4`,
      id,
      startedAt,
      JSON.stringify(memory),
      this.#now(),
    )
  }

  /** Forgets all containers but these. */
  keepOnly(ids: readonly string[]): void {
    this.#sql.run(
      'DELETE FROM session_memories WHERE container_id NOT IN (SELECT value FROM json_each(?))',
      JSON.stringify(ids),
    )
  }
}
