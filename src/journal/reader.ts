import type { DatabaseSync } from 'node:sqlite'
import type { IncidentsReader } from './incidents.ts'
import { aDebt, aRecreation, aStray, aTemporary } from './owed.ts'
import {
  type Debt,
  type Deed,
  type Durations,
  type Effect,
  type Recreation,
  type Run,
  type RunStory,
  type Step,
  type Stop,
  type Stray,
  type Tally,
  type Temporary,
  type TemporaryKind,
  undoing,
} from './records.ts'
import { aRestart } from './restarts.ts'
import { type Row, toDeed, toEffect, toLimits, toRun, toStep } from './rows.ts'
import { Statements } from './statements.ts'

const isTemporary = (kind: string): kind is TemporaryKind => Object.hasOwn(undoing, kind)
const temporaryKinds = Object.keys(undoing).filter(isTemporary)

/** All that a run has done. */
const effectsOfRun = 'SELECT 1 FROM steps JOIN effects ON step_id = steps.id WHERE run_id = runs.id'
/** An effect that ends nobody, and that a container does not notice or only becomes slower by. */
const isGentle = `kind IN ('cap', 'uncap') OR (kind = 'signal' AND signal = 'SIGCHLD')`

/** The journal for those who only read it: routes and metrics. Every method throws SQLite's error. */
export abstract class JournalReader {
  protected readonly sql: Statements
  abstract readonly incidents: IncidentsReader

  constructor(database: DatabaseSync) {
    this.sql = new Statements(database)
  }

  /** The newest run of an episode. */
  lastRun(episodeId: number): Run | undefined {
    const row = this.sql.get('SELECT * FROM runs WHERE episode_id = ? ORDER BY rowid DESC LIMIT 1', episodeId)
    return row && toRun(row)
  }

  /** Runs that are queued or running, oldest first. */
  openRuns(): readonly Run[] {
    return this.sql.all(`SELECT * FROM runs WHERE state <> 'done' ORDER BY rowid`).map(toRun)
  }

  /** One run, step or effect. */
  run(id: string): Run | undefined {
    const row = this.sql.get('SELECT * FROM runs WHERE id = ?', id)
    return row && toRun(row)
  }

  step(id: number): (Step & { readonly runId: string }) | undefined {
    const row = this.sql.get('SELECT * FROM steps WHERE id = ?', id)
    return row && { ...toStep(row), runId: String(row.run_id) }
  }

  effect(id: number): (Effect & { readonly stepId: number; readonly runId: string }) | undefined {
    const row = this.sql.get(
      'SELECT effects.*, run_id FROM effects JOIN steps ON steps.id = step_id WHERE effects.id = ?',
      id,
    )
    return row && { ...toEffect(row), stepId: Number(row.step_id), runId: String(row.run_id) }
  }

  /** The newest runs, newest first. */
  recentRuns(limit: number): readonly Run[] {
    return this.sql.all('SELECT * FROM runs ORDER BY rowid DESC LIMIT ?', limit).map(toRun)
  }

  /**
   * How often containers named `name` were restarted since `since`, whatever their ids; also those that had ended by
   * themselves, whose start says in which life, and not those that were restarted with another.
   */
  restartsSince(name: string, since: number): number {
    const row = this.sql.get(
      `SELECT count(*) AS count FROM effects JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id
       WHERE ${aRestart} AND name = ? AND intent_at >= ?`,
      name,
      since,
    )
    return Number(row?.count)
  }

  /** Runs that were let act, or ended, since `since` and did, or still may, whatever became of their container; oldest first. */
  deeds(since: number): readonly Deed[] {
    return this.sql
      .all(
        `SELECT *, EXISTS (${effectsOfRun} AND kind IN ('stop', 'start')) AS restarted,
           state = 'done' AND NOT EXISTS (${effectsOfRun} AND NOT (${isGentle})) AS gentle
         FROM runs WHERE admitted_at IS NOT NULL AND (admitted_at >= ?1 OR ended_at >= ?1 OR ended_at IS NULL)
           AND (state = 'running' OR EXISTS (${effectsOfRun})) ORDER BY admitted_at`,
        since,
      )
      .map(toDeed)
  }

  /** Names and playbooks that alerts want: of runs that wait, are at work or were created since `since`. */
  wanted(since: number): readonly { readonly name: string; readonly playbook: string }[] {
    return this.sql
      .all(
        `SELECT name, playbook FROM runs WHERE origin = 'alert' AND state <> 'done'
       UNION SELECT name, playbook FROM runs WHERE origin = 'alert' AND created_at >= ?`,
        since,
      )
      .map((row) => ({ name: String(row.name), playbook: String(row.playbook) }))
  }

  /** Set while all acting is stopped. */
  stop(): Stop | undefined {
    const row = this.sql.get(`SELECT * FROM stops WHERE what = 'acting'`)
    return row && { reason: String(row.reason), since: Number(row.since) }
  }

  /** When a person released the container of this name last. */
  releasedAt(name: string): number | undefined {
    const row = this.sql.get('SELECT at FROM releases WHERE name = ?', name)
    return row && Number(row.at)
  }

  /** Whether a step of this action has signalled the process since `since`, and had nothing of it in the end. */
  signalledInVain(action: string, pid: number, startTicks: number, since: number): boolean {
    const sql = `SELECT 1 FROM effects JOIN steps ON steps.id = step_id
      WHERE action = ? AND reason = 'no_candidates' AND pid = ? AND start_ticks = ? AND intent_at >= ? LIMIT 1`
    return this.sql.get(sql, action, pid, startTicks, since) !== undefined
  }

  /** Whether the run has asked for a stop of its container, be it done or not. */
  hasStopped(runId: string): boolean {
    const sql = `SELECT 1 FROM steps JOIN effects ON step_id = steps.id WHERE run_id = ? AND kind = 'stop' LIMIT 1`
    return this.sql.get(sql, runId) !== undefined
  }

  /** Stops after which no start of the same container is known to have brought it up, oldest first. */
  debts(): readonly Debt[] {
    return this.sql
      .all(
        `SELECT run_id, step_id, owed.container_id AS other, runs.container_id, name, life,
         owed.intent_at AS at FROM effects AS owed
       JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id WHERE ${aDebt} ORDER BY owed.id`,
      )
      .map((row) => ({
        runId: String(row.run_id),
        stepId: Number(row.step_id),
        containerId: String(row.other ?? row.container_id),
        ...(row.other === null ? {} : { ofOther: String(row.other) }),
        name: String(row.name),
        life: String(row.life),
        at: Number(row.at),
      }))
  }

  /** Containers that lost their network by a restart and are not known to have it again, oldest first. */
  strays(): readonly Stray[] {
    return this.sql
      .all(
        `SELECT run_id, step_id, owed.id, owed.container_id, object, name FROM effects AS owed
         JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id WHERE ${aStray} ORDER BY owed.id`,
      )
      .map((row) => ({
        runId: String(row.run_id),
        stepId: Number(row.step_id),
        effectId: Number(row.id),
        containerId: String(row.container_id),
        main: String(row.object),
        name: String(row.name),
      }))
  }

  /** What was done for a while and is not known to be taken back, oldest first. */
  temporaries(): readonly Temporary[] {
    return this.sql
      .all(
        `SELECT kind, run_id, step_id, coalesce(owed.container_id, runs.container_id) AS container_id, name,
           owed.intent_at AS at, until, life, result, limits, limits_before FROM effects AS owed
         JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id WHERE ${aTemporary} ORDER BY owed.id`,
      )
      .map((row) => {
        const until = row.until === null ? undefined : Number(row.until)
        return {
          kind: temporaryKinds.find((kind) => kind === row.kind) ?? 'clamp',
          runId: String(row.run_id),
          stepId: Number(row.step_id),
          containerId: String(row.container_id),
          name: String(row.name),
          ...(row.life === null ? {} : { life: String(row.life) }),
          ...(row.result === null ? {} : { result: String(row.result) }),
          at: Number(row.at),
          ...(until === undefined ? {} : { until }),
          limits: toLimits(row.limits) ?? {},
          limitsBefore: toLimits(row.limits_before) ?? {},
        }
      })
  }

  /**
   * Recreations that are not over: a container was renamed out of the way, and neither has it its name back nor was it
   * removed; oldest first.
   */
  recreations(): readonly Recreation[] {
    return this.sql
      .all(
        `SELECT DISTINCT step_id, run_id, runs.container_id, name FROM effects AS owed
         JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id WHERE ${aRecreation} ORDER BY step_id`,
      )
      .map((row) => ({
        runId: String(row.run_id),
        stepId: Number(row.step_id),
        containerId: String(row.container_id),
        name: String(row.name),
        effects: this.sql
          .all('SELECT * FROM effects WHERE step_id = ? ORDER BY id', Number(row.step_id))
          .map(toEffect),
      }))
  }

  /** Everything about one run. */
  story(id: string): RunStory | undefined {
    const row = this.sql.get(
      `SELECT runs.*, alert, starts_at, received_at FROM runs JOIN episodes ON episodes.id = episode_id
       WHERE runs.id = ?`,
      id,
    )
    if (row === undefined) return undefined
    const steps = this.sql.all('SELECT * FROM steps WHERE run_id = ? ORDER BY id', id).map((step) => ({
      ...toStep(step),
      effects: this.sql
        .all('SELECT * FROM effects WHERE step_id = ? ORDER BY id', Number(step.id))
        .map(toEffect),
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

  /** How long runs took: how many took so many seconds at most, all of them, and their seconds together. */
  durations(): readonly Durations[] {
    const totals = this.#tally('run_milliseconds')
    const buckets = this.#tally('run_seconds')
    const total = (playbook: string, what: string): number =>
      Number(totals.find(({ a, b }) => a === playbook && b === what)?.count ?? 0)
    return [...Map.groupBy(buckets, ({ a }) => String(a))].map(([playbook, rows]) => ({
      playbook,
      buckets: rows
        .map(({ b, count }) => ({ seconds: Number(b), count: Number(count) }))
        .sort((one, other) => one.seconds - other.seconds),
      count: total(playbook, 'count'),
      seconds: total(playbook, 'sum') / 1000,
    }))
  }

  /** Counted where it happens, by triggers: counters must not fall when rows are forgotten. */
  #tally(family: string): Row[] {
    return this.sql.all('SELECT * FROM tallies WHERE family = ? ORDER BY a, b, c', family)
  }
}
