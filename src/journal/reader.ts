import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Debt, Deed, Run, RunStory, Stop, Tally } from './records.ts'
import { type Row, toDeed, toEffect, toRun, toStep } from './rows.ts'

/** The journal for those who only read it: routes and metrics. Every method throws SQLite's error. */
export class JournalReader {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

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

  /** Runs that were let act since `since` and did, or still may, whatever became of their container; oldest first. */
  deeds(since: number): readonly Deed[] {
    return this.all(
      `SELECT * FROM runs WHERE admitted_at >= ? AND (state = 'running' OR EXISTS (
         SELECT 1 FROM steps JOIN effects ON step_id = steps.id WHERE run_id = runs.id)) ORDER BY admitted_at`,
      since,
    ).map(toDeed)
  }

  /** Names and playbooks that alerts want: of runs that wait, are at work or were created since `since`. */
  wanted(since: number): readonly { readonly name: string; readonly playbook: string }[] {
    return this.all(
      `SELECT DISTINCT name, playbook FROM runs WHERE origin = 'alert' AND (state <> 'done' OR created_at >= ?)`,
      since,
    ).map((row) => ({ name: String(row.name), playbook: String(row.playbook) }))
  }

  /** Set while all acting is stopped. */
  stop(): Stop | undefined {
    const row = this.get(`SELECT * FROM stops WHERE what = 'acting'`)
    return row && { reason: String(row.reason), since: Number(row.since) }
  }

  /** When a person released the container of this name last. */
  releasedAt(name: string): number | undefined {
    const row = this.get('SELECT at FROM releases WHERE name = ?', name)
    return row && Number(row.at)
  }

  /** Whether the run has asked for a stop of its container, be it done or not. */
  hasStopped(runId: string): boolean {
    const sql = `SELECT 1 FROM steps JOIN effects ON step_id = steps.id WHERE run_id = ? AND kind = 'stop' LIMIT 1`
    return this.get(sql, runId) !== undefined
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
    return this.#tally('runs').map(({ a, b, c, count }) => ({
      labels: { playbook: String(a), outcome: String(b), reason: String(c) },
      count: Number(count),
    }))
  }

  actionTally(): readonly Tally<'action' | 'outcome'>[] {
    return this.#tally('actions').map(({ a, b, count }) => ({
      labels: { action: String(a), outcome: String(b) },
      count: Number(count),
    }))
  }

  signalTally(): readonly Tally<'signal'>[] {
    return this.#tally('signals').map(({ a, count }) => ({
      labels: { signal: String(a) },
      count: Number(count),
    }))
  }

  /** Counted where it happens, by triggers: counters must not fall when rows are forgotten. */
  #tally(family: string): Row[] {
    return this.all('SELECT * FROM tallies WHERE family = ? ORDER BY a, b, c', family)
  }

  protected get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.prepare(sql).get(...values)
  }

  protected all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.prepare(sql).all(...values)
  }

  /** To compile a statement takes longer than to run it; there are as many as there are in the code. */
  protected prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
