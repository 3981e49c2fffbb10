import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Debt, Run, RunStory, Tally } from './records.ts'
import { type Row, toEffect, toRun, toStep } from './rows.ts'

/** The journal for those who only read it: routes and metrics. Every method throws SQLite's error. */
export class JournalReader {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** The newest run of an episode. */
  lastRun(episodeId: number): Run | undefined {
    const row = this.get('SELECT * FROM runs WHERE episode_id = ? ORDER BY rowid DESC LIMIT 1', episodeId)
    return row && toRun(row)
  }

  /** Runs that are queued or running, oldest first. */
  openRuns(): readonly Run[] {
    return this.all(`SELECT * FROM runs WHERE state <> 'done' ORDER BY rowid`).map(toRun)
  }

  /** The newest runs, newest first. */
  recentRuns(limit: number): readonly Run[] {
    return this.all('SELECT * FROM runs ORDER BY rowid DESC LIMIT ?', limit).map(toRun)
  }

  /** How many containers named `name` were stopped for a restart since `since`, whatever their ids. */
  restartsSince(name: string, since: number): number {
    const row = this.get(
      `SELECT count(*) AS count FROM effects JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id
       WHERE kind = 'stop' AND name = ? AND intent_at >= ?`,
      name,
      since,
    )
    return Number(row?.count)
  }

  /** Stops after which no start of the same container is known to have brought it up, oldest first. */
  debts(): readonly Debt[] {
    return this.all(
      `SELECT run_id, step_id, container_id, name, life, stops.intent_at AS at FROM effects AS stops
       JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id
       WHERE stops.kind = 'stop' AND life IS NOT NULL AND NOT EXISTS (
         SELECT 1 FROM effects WHERE step_id = stops.step_id AND kind = 'start' AND id > stops.id AND result = 'done')
       ORDER BY stops.id`,
    ).map((row) => ({
      runId: String(row.run_id),
      stepId: Number(row.step_id),
      containerId: String(row.container_id),
      name: String(row.name),
      life: String(row.life),
      at: Number(row.at),
    }))
  }

  /** Everything about one run. */
  story(id: string): RunStory | undefined {
    const row = this.get(
      `SELECT runs.*, alert, starts_at, received_at FROM runs JOIN episodes ON episodes.id = episode_id
       WHERE runs.id = ?`,
      id,
    )
    if (row === undefined) return undefined
    const steps = this.all('SELECT * FROM steps WHERE run_id = ? ORDER BY id', id).map((step) => ({
      ...toStep(step),
      effects: this.all('SELECT * FROM effects WHERE step_id = ? ORDER BY id', Number(step.id)).map(toEffect),
    }))
    return {
      ...toRun(row),
      alert: String(row.alert),
      startsAt: String(row.starts_at),
      receivedAt: Number(row.received_at),
      steps,
    }
  }

  runTally(): readonly Tally<'playbook' | 'outcome' | 'reason'>[] {
    return this.all(
      `SELECT playbook, outcome, reason, count(*) AS count FROM runs WHERE state = 'done' GROUP BY 1, 2, 3`,
    ).map((row) => ({
      labels: {
        playbook: String(row.playbook),
        outcome: String(row.outcome),
        reason: String(row.reason),
      },
      count: Number(row.count),
    }))
  }

  actionTally(): readonly Tally<'action' | 'outcome'>[] {
    return this.all(
      'SELECT action, outcome, count(*) AS count FROM steps WHERE outcome IS NOT NULL GROUP BY 1, 2',
    ).map((row) => ({
      labels: { action: String(row.action), outcome: String(row.outcome) },
      count: Number(row.count),
    }))
  }

  signalTally(): readonly Tally<'signal'>[] {
    return this.all(
      `SELECT signal, count(*) AS count FROM effects WHERE kind = 'signal' AND result = 'sent' GROUP BY 1`,
    ).map((row) => ({ labels: { signal: String(row.signal) }, count: Number(row.count) }))
  }

  protected get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#database.prepare(sql).get(...values)
  }

  protected all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#database.prepare(sql).all(...values)
  }
}
