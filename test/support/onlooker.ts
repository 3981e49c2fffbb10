import type { StatementSync } from 'node:sqlite'
import { stackLabel } from '../../src/census/labels.ts'
import type { Limits } from '../../src/journal/records.ts'
import type { RandomHistory } from './random-history.ts'
import type { SimulatedContainer } from './simulated-docker.ts'
import type { SimulatedProcess } from './simulated-host.ts'
import type { SimulatedPidwarden } from './simulated-pidwarden.ts'

/** What has to hold in every history. */
export const properties = {
  overlap: 'two runs never overlap on one container',
  budgets: 'no budget is ever exceeded',
  pauses: 'cooldown and breaker hold, over restarts of pidwarden and for recreated containers',
  leave: 'nothing is done in a dry run, without opting in, while stopped, or while a person is needed',
  unknown: 'unknown never acts',
  victims: 'init, gateways, what belongs there and what listens are never signalled',
  journal: 'everything is in the journal before it happens',
  left: 'nothing is left stopped or limited, and nobody else is started',
  lost: 'nothing is lost',
  end: 'there is an end to everything',
} as const
/** One of them. */
export type Property = keyof typeof properties

/** Tells that a property does not hold. */
export type Violate = (property: Property, detail: string) => void

/** What an effect on the simulated machine was. */
interface Done {
  readonly about: string
  readonly verb: string
  readonly container: SimulatedContainer
  /** Of a signal. */
  readonly process: SimulatedProcess | undefined
}

/** Looks on from the simulated machine: what is done there, to whom, and whether it was to be done. */
export class Onlooker {
  /** Places at which runs were let act, and at which they ended. */
  readonly admitted = new Map<string, number>()
  readonly ended = new Map<string, number>()
  readonly #history: RandomHistory
  readonly #violate: Violate
  /** Who was asked to end before: to kill it then is to finish what was begun. */
  readonly #asked = new Set<SimulatedProcess>()
  /** The runs at work, and their containers. */
  readonly #atWork = new Map<string, string>()
  /** Since when a person was needed at the time when a run began. */
  readonly #neededSince = new Map<string, number>()
  #intents: StatementSync | undefined

  constructor(history: RandomHistory, violate: Violate) {
    this.#history = history
    this.#violate = violate
    const { effects } = history.machine.host
    effects.push = (...done) => {
      for (const effect of done) this.#judge(effect)
      return Array.prototype.push.apply(effects, done)
    }
  }

  /** A life of pidwarden begins. */
  follow({ journal, database }: SimulatedPidwarden): void {
    this.#atWork.clear()
    this.#intents = database.prepare(intents)
    journal.changes.follow(({ kind, id }) => {
      const place = this.#history.next()
      if (kind === 'step') {
        // The first step of a run is written down right after it was let act.
        const { runId = '' } = journal.step(Number(id)) ?? {}
        if (!this.admitted.has(runId)) this.admitted.set(runId, place)
      }
      const run = kind === 'run' ? journal.run(String(id)) : undefined
      if (run?.state === 'done') {
        this.#atWork.delete(run.id)
        this.ended.set(run.id, place)
      } else if (run?.state === 'running' && !run.dryRun) {
        const other = [...this.#atWork].find(([, containerId]) => containerId === run.containerId)
        if (other !== undefined) this.#violate('overlap', `${run.id} begins while ${other[0]} is at work`)
        this.#atWork.set(run.id, run.containerId)
        const { manual } = journal.incidents.openOf(run.name) ?? {}
        if (manual) this.#neededSince.set(run.id, manual.since)
      }
    })
  }

  #judge(effect: string): void {
    const { machine, farm } = this.#history
    const [verb = '', whom = '', limit = ''] = effect.split(' ')
    const process = verb.startsWith('SIG') ? machine.host.processes.get(Number(whom)) : undefined
    const container = farm.container(process === undefined ? { name: whom } : { id: process.containerId })
    const { living } = machine
    if (container === undefined || living === undefined) {
      this.#violate('journal', `${effect}: nobody can have done it`)
      return
    }
    const about = `${effect} in ${container.name}`
    if (verb === 'start') {
      if (container.state !== 'running' && !wasStopped(container, living))
        this.#violate('left', `${about}: it was not stopped here`)
      return
    }
    if (verb === 'unpause') {
      if (farm.asleep.has(container.id)) this.#violate('left', `${about}: a person has paused it`)
      return
    }
    // A limit may be taken back whenever that can be done: none of these containers has one of its own.
    if (verb === 'limit' && (limit.endsWith('-1') || isHeld(container, limit, living))) return
    if (verb === 'stop') farm.down.add(container.id)
    if (process !== undefined) {
      this.#judgeVictim(about, process, container)
      if (verb === 'SIGKILL' && this.#asked.has(process)) return
      this.#asked.add(process)
    }
    this.#judgeLeave({ about, verb, container, process }, living)
    if (machine.host.cgroupFailure !== undefined || machine.dockerIsAway)
      this.#violate('unknown', `${about}: nothing can be measured`)
  }

  #judgeVictim(about: string, process: SimulatedProcess, { labels }: SimulatedContainer): void {
    const { listens, argv } = process
    const mayGo = !this.#history.farm.untouchable.has(process) && listens.kind === 'value' && !listens.value
    if (!mayGo) this.#violate('victims', `${about}: ${argv.join(' ')}`)
    if (labels['pidwarden.profile'] === undefined && this.#history.farm.hangsBelowGateway(process))
      this.#violate('victims', `${about}: the profile allows only orphans`)
  }

  #judgeLeave(done: Done, living: SimulatedPidwarden): void {
    const { about, verb, container } = done
    const refuse = (why: string): void => this.#violate('leave', `${about}: ${why}`)
    const run = this.#intents && doerOf(done, this.#intents)
    if (run === undefined) {
      this.#violate('journal', about)
      return
    }
    const { labels, name, autoRemove } = container
    if (run.dryRun) refuse('a dry run')
    if (labels['pidwarden.mode'] !== 'enforce') refuse('it has not opted in')
    if (labels[stackLabel] !== undefined) refuse('it is of the own stack')
    if (verb === 'stop' && autoRemove) refuse('it was started with --rm')
    if (this.#history.isStopped) refuse('all acting is stopped')
    const { manual } = living.journal.incidents.openOf(name) ?? {}
    if (manual === undefined || run.ordered) return
    // One run may try after a while; from then on the next one has to wait as long again.
    const tries = manual.since === run.admittedAt
    const [since, now] = tries
      ? [this.#neededSince.get(run.id) ?? 0, run.admittedAt]
      : [manual.since, living.clock.now()]
    if (now - since < living.settings.breaker.open * 1000) refuse(`a person is needed: ${manual.reason}`)
  }
}

/** Whether it is a limit that was there before another for a while, or one that a run has left behind, or eases. */
function isHeld({ id }: SimulatedContainer, limit: string, { journal }: SimulatedPidwarden): boolean {
  const isSame = ({ pids, cpu }: Limits): boolean => limit === `${pids}` || limit === `cpu=${cpu}`
  return journal
    .temporaries()
    .filter((one) => one.containerId === id)
    .some(
      ({ limits, limitsBefore, runId }) =>
        isSame(limitsBefore) || (isSame(limits) && journal.run(runId)?.state === 'done'),
    )
}

/** Whether the journal knows of a stop of this life. */
function wasStopped({ startedAt }: SimulatedContainer, { database }: SimulatedPidwarden): boolean {
  return (
    database.prepare(`SELECT 1 FROM effects WHERE kind = 'stop' AND life = ?`).get(startedAt) !== undefined
  )
}

/** What was written down and is not done yet. */
const intents = `SELECT runs.* FROM effects JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id
  WHERE result IS NULL AND coalesce(effects.container_id, runs.container_id) = ?1
    AND (kind = ?2 OR (?2 = 'limit' AND kind IN ('clamp', 'cap', 'limit'))) AND pid IS ?3 AND signal IS ?4 AND life IS ?5
  ORDER BY effects.id DESC LIMIT 1`

/** A run that does something to the machine. */
interface Doer {
  readonly id: string
  readonly dryRun: boolean
  readonly ordered: boolean
  readonly admittedAt: number
}

/** The run at work that has just written down that it is about to do this. */
function doerOf(
  { verb, container: { id, startedAt }, process }: Done,
  statement: StatementSync,
): Doer | undefined {
  const kind = process === undefined ? verb : 'signal'
  const signal = process === undefined ? null : verb
  const life = kind === 'stop' || kind === 'pause' ? startedAt : null
  const row = statement.get(id, kind, process?.pid ?? null, signal, life)
  if (row?.state !== 'running') return undefined
  return {
    id: String(row.id),
    dryRun: row.dry_run === 1,
    ordered: row.origin === 'person',
    admittedAt: Number(row.admitted_at),
  }
}
