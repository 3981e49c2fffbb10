import { join } from 'node:path'
import type { SQLOutputValue } from 'node:sqlite'
import t from 'tap'
import { rank, tiers } from '../../src/census/presets.ts'
import { emptyFolder } from '../support/folder.ts'
import { Onlooker, type Property, properties, type Violate } from '../support/onlooker.ts'
import { isUntouchable } from '../support/random-farm.ts'
import { RandomHistory } from '../support/random-history.ts'
import type { SimulatedPidwarden } from '../support/simulated-pidwarden.ts'

/** How many histories there are, or the seed of one alone that is to be looked at again. */
const { PIDWARDEN_SEEDS: howMany = '120', PIDWARDEN_SEED: alone } = process.env
const seeds =
  alone === undefined ? Array.from({ length: Number(howMany) }, (_, at) => at + 1) : [Number(alone)]

/** What alerts seldom come to. */
const stroke = `
playbooks:
  - name: stroke
    description: Only under a pause.
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: pause-and-kill, goal: below-tier, onMiss: stop }
`

/** Budgets that short histories spend; two of three have those that are shipped. */
const scarce = `
remediation:
  budgets:
    - { scope: container, within: 600, runs: 2 }
    - { scope: container, within: 86400, runs: 7 }
    - { scope: host, restarts: true, within: 3600, runs: 2 }
    - { scope: host, within: 600, runs: 4 }
    - { scope: host, within: 3600, runs: 9 }
`

/** What the histories have to come to, or they prove little. */
const toBeSeen = [
  ...['fixed', 'improved', 'ineffective', 'failed', 'interrupted', 'superseded', 'cancelled', 'dry_run'],
  ...['cooldown', 'budget', 'manual_intervention', 'storm', 'acting_stopped', 'deadline', 'higher_tier'],
  ...['census_unknown', 'docker_unreachable', 'container_gone', 'not_running', 'tier_not_reached'],
  ...['crash', 'action_failed', 'respawned', 'unsafe_restart', 'own_stack'],
  ...['SIGTERM', 'SIGKILL', 'stop', 'start', 'limit', 'pause', 'unpause'],
]

type Rows = readonly Record<string, SQLOutputValue>[]

const rowsOf = ({ database }: SimulatedPidwarden, sql: string): Rows => database.prepare(sql).all()

/** What is in the future, because the clock was put back, has happened just now. Milliseconds. */
const age = (then: number, now: number): number => Math.max(0, now - then)

/** A run that was let act, and did. */
interface Deed {
  readonly id: string
  readonly name: string
  readonly playbook: string
  readonly rank: number
  readonly ordered: boolean
  readonly outcome: string
  readonly reason: string
  /** By the wall clock. */
  readonly at: number
  readonly endedAt: number
  /** Places among everything that happened: clocks jump. */
  readonly admitted: number
  readonly ended: number
  /** It has stopped or started a container. */
  readonly restarted: boolean
  /** It has ended nobody. */
  readonly gentle: boolean
}

/** Playbooks that may. */
const restarting = ['restart', 'restart-unhealthy', 'recreate']

/** In the order in which they were let. */
function deedsIn(living: SimulatedPidwarden, { admitted, ended }: Onlooker): readonly Deed[] {
  const effects = rowsOf(living, 'SELECT run_id, kind, signal FROM effects JOIN steps ON steps.id = step_id')
  const done = Map.groupBy(effects, ({ run_id: id }) => String(id))
  const sql = `SELECT * FROM runs WHERE admitted_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM effects JOIN steps ON steps.id = step_id WHERE run_id = runs.id)`
  return rowsOf(living, sql)
    .map((row) => ({
      id: String(row.id),
      name: String(row.name),
      playbook: String(row.playbook),
      rank: rank(tiers.find((tier) => tier === row.tier) ?? 'normal'),
      ordered: row.origin === 'person',
      outcome: String(row.outcome),
      reason: String(row.reason),
      at: Number(row.admitted_at),
      endedAt: Number(row.ended_at),
      admitted: admitted.get(String(row.id)) ?? 0,
      ended: ended.get(String(row.id)) ?? Number.POSITIVE_INFINITY,
      restarted: (done.get(String(row.id)) ?? []).some(({ kind }) => kind === 'stop' || kind === 'start'),
      gentle: (done.get(String(row.id)) ?? []).every(
        ({ kind, signal }) => signal === 'SIGCHLD' || kind === 'cap' || kind === 'uncap',
      ),
    }))
    .sort((a, b) => a.admitted - b.admitted)
}

function judgeBudgets(deeds: readonly Deed[], living: SimulatedPidwarden, violate: Violate): void {
  const { budgets, restartsPerHour } = living.settings
  for (const [index, deed] of deeds.entries()) {
    for (const { scope, playbook, restarts = false, within, runs } of budgets) {
      if (deed.ordered || (playbook ?? deed.playbook) !== deed.playbook) continue
      if (restarts && !restarting.includes(deed.playbook)) continue
      const spent = deeds
        .slice(0, index)
        .filter((one) => age(one.at, deed.at) < within * 1000)
        .filter((one) => scope === 'host' || one.name === deed.name)
        .filter((one) => (playbook ?? one.playbook) === one.playbook)
        .filter((one) => one.restarted || !restarts)
        .filter((one) => !one.gentle || one.playbook === deed.playbook)
      const what = `${restarts ? 'restarts' : (playbook ?? 'all')} of the ${scope} within ${within} s`
      if (spent.length >= runs)
        violate('budgets', `${deed.name}: run ${spent.length + 1} of ${what}, not ${runs}`)
    }
  }
  const sql = `SELECT name, intent_at FROM effects JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id
    WHERE kind = 'stop' ORDER BY effects.id`
  const stops = rowsOf(living, sql)
  for (const [index, { name, intent_at: at }] of stops.entries()) {
    const before = stops
      .slice(0, index)
      .filter((one) => one.name === name && age(Number(one.intent_at), Number(at)) < 3_600_000)
    if (before.length >= restartsPerHour)
      violate('budgets', `${name}: stopped ${before.length + 1} times within an hour`)
  }
}

/** After these nobody has to wait: the tier was left, or what was reached is to be measured anew. */
const needsNoTime = ['fixed', 'interrupted', 'cancelled', 'superseded']

/** Failures; unless all was ended that may be, and more is left. */
const didNotHelp = ['ineffective', 'regressed', 'failed']

function judgePauses(
  deeds: readonly Deed[],
  { releases, hasJumped }: RandomHistory,
  { settings: { cooldown, breaker } }: SimulatedPidwarden,
  violate: Violate,
): void {
  for (const [index, deed] of deeds.entries()) {
    if (deed.ordered) continue
    const { name, at, admitted } = deed
    // What ended in the very millisecond of a release, the simulated clock standing still, is covered by it.
    const isReleased = ({ ended, endedAt }: Deed): boolean =>
      releases
        .filter((one) => one.name === name && one.place < admitted)
        .some((one) => one.place > ended || one.at === endedAt)
    const before = deeds.slice(0, index).filter((one) => one.name === name)
    for (const one of before.filter((earlier) => earlier.rank >= deed.rank)) {
      const isOver = one.ended < admitted
      if (isOver && (needsNoTime.includes(one.outcome) || isReleased(one))) continue
      if (isOver && age(one.endedAt, at) >= cooldown * 1000) continue
      violate('pauses', `${name}: ${deed.id} acts ${at - one.endedAt} ms after ${one.id}, ${one.outcome}`)
    }
    // With a clock that jumps it is a matter of opinion which of them was the last.
    if (hasJumped) continue
    const past = before
      .filter((one) => one.ended < admitted && !isReleased(one))
      .sort((a, b) => b.ended - a.ended)
    const helped = past.findIndex(({ outcome }) => outcome === 'fixed' || outcome === 'improved')
    const failures = past
      .slice(0, helped < 0 ? past.length : helped)
      .filter(({ outcome, reason }) => didNotHelp.includes(outcome) && reason !== 'no_candidates')
    if (failures.length >= breaker.failures && age(failures[0]?.endedAt ?? 0, at) < breaker.open * 1000)
      violate('pauses', `${name}: ${deed.id} acts after ${failures.length} failures in a row`)
  }
}

function judgeOverlaps(living: SimulatedPidwarden, { hasJumped }: RandomHistory, violate: Violate): void {
  const effects = rowsOf(
    living,
    `SELECT runs.container_id, run_id FROM effects JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id
     WHERE kind NOT IN ('start', 'unclamp', 'uncap', 'unpause') AND NOT (kind = 'clamp' AND EXISTS (
       SELECT 1 FROM effects AS first
       WHERE first.step_id = effects.step_id AND first.kind = 'clamp' AND first.id < effects.id))
     ORDER BY effects.id`,
  )
  for (const own of Map.groupBy(effects, (row) => row.container_id).values()) {
    const turns = own.map((row) => row.run_id).filter((run, index, all) => run !== all[index - 1])
    if (new Set(turns).size < turns.length) violate('overlap', `runs act in turns: ${turns.join(', ')}`)
  }
  if (hasJumped) return
  // What a crash has torn off is ended by the next life, when another may have begun.
  const runs = rowsOf(
    living,
    `SELECT * FROM runs WHERE started_at IS NOT NULL AND dry_run = 0 AND reason <> 'crash' ORDER BY started_at, ended_at`,
  )
  for (const own of Map.groupBy(runs, (row) => row.container_id).values()) {
    for (const [index, run] of own.entries()) {
      const before = own[index - 1]
      if (Number(before?.ended_at ?? 0) > Number(run.started_at))
        violate('overlap', `${before?.id} and ${run.id} on ${run.name}`)
    }
  }
}

function judgeEnd(living: SimulatedPidwarden, { farm, queued }: RandomHistory, violate: Violate): void {
  const meant = rowsOf(
    living,
    `SELECT coalesce(effects.container_id, runs.container_id) AS id, effects.limits FROM effects
     JOIN steps ON steps.id = step_id JOIN runs ON runs.id = run_id WHERE kind = 'limit'`,
  ).map((row) => `${row.id} ${row.limits}`)
  for (const { id, name, state, limits } of living.engine.containers.values()) {
    const isMeant = (limit: 'pids' | 'cpu'): boolean =>
      meant.includes(`${id} ${JSON.stringify({ [limit]: limits[limit] })}`)
    if (farm.down.has(id) && state !== 'running') violate('left', `${name} is ${state}`)
    if (limits.pids !== undefined && !isMeant('pids'))
      violate('left', `${name} has a PID limit of ${limits.pids}`)
    if (limits.cpu !== undefined && !isMeant('cpu'))
      violate('left', `${name} has a CPU limit of ${limits.cpu}`)
    if (state === 'paused') violate('left', `${name} is paused`)
  }
  const runs = rowsOf(living, 'SELECT * FROM runs')
  const states = new Map(runs.map(({ id, state }) => [String(id), state]))
  for (const id of new Set([...queued, ...states.keys()]))
    if (states.get(id) !== 'done') violate('lost', `run ${id} is ${states.get(id) ?? 'not in the journal'}`)
  const open = rowsOf(living, 'SELECT * FROM incidents WHERE recovered_at IS NULL')
  for (const { id, name } of open) {
    // Where nothing may be done, people alone hear of it.
    if (isUntouchable(String(name))) continue
    if (!runs.some((run) => run.incident_id === id)) violate('lost', `the incident of ${name} has no run`)
  }
  if (new Set(open.map(({ name }) => name)).size < open.length) violate('lost', 'two incidents for one name')
}

/** Lives through the history of a seed, of which `tell` is told before it begins. Returns what it has come to. */
async function live(
  seed: number,
  folder: string,
  violate: Violate,
  tell: (history: RandomHistory) => void,
): Promise<readonly string[]> {
  let follow = (_: SimulatedPidwarden): void => {}
  const history = new RandomHistory(seed, {
    journalPath: join(folder, `${seed}.db`),
    yaml: stroke + (seed % 3 === 0 ? scarce : ''),
    onStart: (pidwarden) => follow(pidwarden),
  })
  tell(history)
  const { machine } = history
  const onlooker = new Onlooker(history, violate)
  follow = (pidwarden) => onlooker.follow(pidwarden)
  await machine.start()
  for (let left = 20 + (seed % 41); left > 0; left--) await history.go()
  if (!(await history.end())) violate('end', 'something is always left to do')
  const { living } = machine
  if (living === undefined) throw new Error('pidwarden died, although all is well')
  const deeds = deedsIn(living, onlooker)
  judgeBudgets(deeds, living, violate)
  judgePauses(deeds, history, living, violate)
  judgeOverlaps(living, history, violate)
  judgeEnd(living, history, violate)
  const endings = rowsOf(living, 'SELECT outcome, reason FROM runs')
  machine.die()
  return [
    ...deeds.map(() => 'deed'),
    ...endings.flatMap(({ outcome, reason }) => [String(outcome), String(reason)]),
    ...machine.host.effects.map((effect) => effect.split(' ')[0] ?? ''),
  ]
}

interface Violation {
  readonly seed: number
  readonly event: number
  readonly detail: string
  readonly history: RandomHistory | undefined
}

t.test('whatever happens', async (t) => {
  const folder = emptyFolder(t)
  const violations = new Map<Property, Violation[]>()
  const seen = new Map<string, number>()
  for (const seed of seeds) {
    let history: RandomHistory | undefined
    const violate: Violate = (property, detail) => {
      const event = (history?.events.length ?? 0) + 1
      violations.set(property, [...(violations.get(property) ?? []), { seed, event, detail, history }])
    }
    try {
      const come = await live(seed, folder, violate, (begun) => {
        history = begun
      })
      for (const what of come) seen.set(what, (seen.get(what) ?? 0) + 1)
    } catch (error) {
      violate('end', error instanceof Error ? String(error.stack) : String(error))
    }
    if (alone !== undefined) t.comment(history?.events.map((event, at) => `${at + 1}. ${event}`).join('\n'))
  }
  for (const [property, name] of Object.entries(properties)) {
    const found = [...violations].find(([one]) => one === property)?.[1] ?? []
    const [first] = found
    if (first === undefined) t.pass(name)
    else {
      t.fail(`${name}: seed ${first.seed}, event ${first.event}: ${first.detail}`, {
        again: `PIDWARDEN_SEED=${first.seed} node test/remediation/runner.property.test.ts`,
        history: first.history?.events,
        others: found
          .slice(1, 20)
          .map(({ seed, event, detail }) => `seed ${seed}, event ${event}: ${detail}`),
      })
    }
  }
  const unseen = toBeSeen.filter((what) => !seen.has(what))
  if (alone === undefined) t.same(unseen, [], 'all of this has come about')
  t.comment(JSON.stringify(Object.fromEntries(seen)))
})
