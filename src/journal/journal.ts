import type { DatabaseSync } from 'node:sqlite'
import { Changes } from './changes.ts'
import { Incidents } from './incidents.ts'
import { Notices } from './notices.ts'
import { OomCounts } from './oom-counts.ts'
import type { Ending } from './outcomes.ts'
import { JournalReader } from './reader.ts'
import type { Episode, Measurement, NewEffect, NewEpisode, NewRun, Run } from './records.ts'
import { forgetSome, type JournalSettings } from './retention.ts'
import { toEpisode } from './rows.ts'
import { migrations } from './schema.ts'
import { SessionMemories } from './sessions.ts'

/**
 * The durable memory: every alert that was accepted, every run, step and effect. Writes are synchronous: when a
 * method returns, what it says is on file, and only then may the effect follow. Every method throws the error of
 * SQLite when the file cannot be read or written.
 */
export class Journal extends JournalReader {
  readonly #database: DatabaseSync
  readonly #now: () => number
  /** Tells of everything that is new. */
  readonly changes: Changes
  override readonly incidents: Incidents
  readonly notices: Notices
  readonly sessions: SessionMemories
  readonly oomCounts: OomCounts

  /** `database` as openDatabase() made it; `now` gives milliseconds since the epoch. */
  constructor(database: DatabaseSync, now: () => number) {
    super(database)
    this.#database = database
    this.#now = now
    this.changes = new Changes()
    this.incidents = new Incidents(this.sql, this.changes, now)
    this.notices = new Notices(this.sql, now)
    this.sessions = new SessionMemories(this.sql, now)
    this.oomCounts = new OomCounts(this.sql, now)
  }

  /** Runs `work` in one transaction: all of it is on file afterwards, or nothing. */
  transaction<T>(work: () => T): T {
    return this.changes.hold(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.#database.exec('COMMIT')
        return result
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
    })
  }

  /** Writes a page that says nothing new. Throws when nothing can be read or written now: no room, read-only, corrupt. */
  probe(): void {
    this.#database.exec(`PRAGMA user_version = ${migrations.length}`)
    this.sql.get('SELECT 1 FROM runs LIMIT 1')
  }

  close(): void {
    this.#database.close()
  }

  /** Finds or adds the episode; a further delivery is counted. */
  receive(episode: NewEpisode): { episode: Episode; first: boolean } {
    const row = this.sql.get(
      `INSERT INTO episodes (fingerprint, starts_at, alert, container_id, name, playbook, tier, resource, received_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (fingerprint, starts_at) DO UPDATE SET deliveries = deliveries + 1
       RETURNING *`,
      episode.fingerprint,
      episode.startsAt,
      episode.alert,
      episode.containerId,
      episode.name,
      episode.playbook,
      episode.tier,
      episode.resource,
      this.#now(),
    )
    if (row === undefined) throw new Error('the journal returned no row for an episode')
    return { episode: toEpisode(row), first: row.deliveries === 1 }
  }

  /** Notes that Alertmanager called the episode resolved. False when it is not known. */
  resolve(fingerprint: string, startsAt: string): boolean {
    const { changes } = this.sql.run(
      'UPDATE episodes SET resolved_at = ? WHERE fingerprint = ? AND starts_at = ?',
      this.#now(),
      fingerprint,
      startsAt,
    )
    return changes > 0
  }

  addRun(run: NewRun): Run {
    const createdAt = this.#now()
    const { origin = 'alert', dryRun = false } = run
    this.sql.run(
      `INSERT INTO runs
       (id, episode_id, container_id, name, playbook, tier, resource, origin, dry_run, incident_id, escalates, aim,
        state, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?)`,
      run.id,
      run.episodeId,
      run.containerId,
      run.name,
      run.playbook,
      run.tier,
      run.resource,
      // What the engine asks for itself, it asks for an alert.
      origin === 'person' ? 'person' : 'alert',
      dryRun ? 1 : 0,
      run.incidentId ?? null,
      run.escalates ?? null,
      run.aim ?? null,
      createdAt,
    )
    this.changes.tell('run', run.id)
    return { ...run, origin, dryRun, state: 'queued', createdAt }
  }

  startRun(id: string): void {
    this.sql.run(`UPDATE runs SET state = 'running', started_at = ? WHERE id = ?`, this.#now(), id)
    this.changes.tell('run', id)
  }

  /** Forgets some of what is too old or too much; true while there is more. */
  forgetSome(settings: JournalSettings): boolean {
    return forgetSome(this.#database, settings, this.#now())
  }

  /**
   * Lets the run act; from now on it counts as one that did. Where a person is needed, it is the one that may try: from
   * now on the next one waits, unless a person asks for it.
   */
  admitRun(id: string, ordered = false): void {
    this.transaction(() => {
      this.sql.run('UPDATE runs SET admitted_at = ? WHERE id = ?', this.#now(), id)
      const incidentId = this.run(id)?.incidentId
      if (incidentId !== undefined && !ordered) this.incidents.renewManual(incidentId)
    })
  }

  /** Stops all acting, also after the next start, until `resumeActing`. The first reason stays. */
  stopActing(reason: string): void {
    this.sql.run(
      `INSERT INTO stops (what, reason, since) VALUES ('acting', ?, ?) ON CONFLICT DO NOTHING`,
      reason,
      this.#now(),
    )
  }

  resumeActing(): void {
    this.sql.run(`DELETE FROM stops WHERE what = 'acting'`)
  }

  /**
   * Forgets what speaks against acting on the containers of this name: cooldown, failures and that a person is needed;
   * not the budgets.
   */
  release(name: string): void {
    this.transaction(() => {
      this.sql.run(
        'INSERT INTO releases (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at',
        name,
        this.#now(),
      )
      this.incidents.release(name)
    })
  }

  endRun(id: string, ending: Ending, before?: Measurement, after?: Measurement): void {
    this.sql.run(
      `UPDATE runs SET state = 'done', outcome = ?, reason = ?, detail = ?, before = ?, after = ?, ended_at = ?
       WHERE id = ?`,
      ending.outcome,
      ending.reason,
      ending.detail ?? null,
      json(before),
      json(after),
      this.#now(),
      id,
    )
    this.changes.tell('run', id)
  }

  addStep(runId: string, action: string): number {
    const { id } = this.sql.run(
      'INSERT INTO steps (run_id, action, started_at) VALUES (?, ?, ?)',
      runId,
      action,
      this.#now(),
    )
    this.changes.tell('step', id)
    return id
  }

  /** Adds to what the step decided; a step that plans again keeps the earlier plans. */
  planStep(stepId: number, plan: unknown): void {
    const row = this.sql.get('SELECT plan FROM steps WHERE id = ?', stepId)
    const plans: unknown = typeof row?.plan === 'string' ? JSON.parse(row.plan) : []
    this.sql.run('UPDATE steps SET plan = ? WHERE id = ?', JSON.stringify([plans, plan].flat()), stepId)
  }

  endStep(stepId: number, ending: Ending, before?: Measurement, after?: Measurement): void {
    this.sql.run(
      'UPDATE steps SET outcome = ?, reason = ?, detail = ?, before = ?, after = ?, ended_at = ? WHERE id = ?',
      ending.outcome,
      ending.reason,
      ending.detail ?? null,
      json(before),
      json(after),
      this.#now(),
      stepId,
    )
    this.changes.tell('step', stepId)
  }

  /** Writes the intents down, all or none; the ids come back in the same order. */
  intend(stepId: number, effects: readonly NewEffect[]): readonly number[] {
    return this.transaction(() =>
      effects.map((effect) => {
        const { kind, containerId, pid, startTicks, command, signal, life, object, until } = effect
        const { id } = this.sql.run(
          `INSERT INTO effects (step_id, container_id, kind, pid, start_ticks, command, signal, life, object, limits,
             limits_before, until, details, intent_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          stepId,
          containerId ?? null,
          kind,
          pid ?? null,
          startTicks ?? null,
          command ?? null,
          signal ?? null,
          life ?? null,
          object ?? null,
          json(effect.limits),
          json(effect.limitsBefore),
          until ?? null,
          json(effect.details),
          this.#now(),
        )
        this.changes.tell('effect', id)
        return id
      }),
    )
  }

  /** Completes effects with what came back. */
  complete(results: readonly { readonly id: number; readonly result: string }[]): void {
    this.transaction(() => {
      for (const { id, result } of results) {
        this.sql.run('UPDATE effects SET result = ?, result_at = ? WHERE id = ?', result, this.#now(), id)
        this.changes.tell('effect', id)
      }
    })
  }
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}
