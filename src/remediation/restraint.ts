import { rank, type Tier, tiers } from '../census/presets.ts'
import type { Ending, Outcome, Reason } from '../journal/outcomes.ts'
import type { Deed, Stop } from '../journal/records.ts'
import { underMaintenance } from './maintenance.ts'
import type { RemediationSettings } from './settings.ts'

/** A run that would change something. */
export interface Intention {
  /** Of the container, on this host: a recreated one has a new id, and inherits what was done under its name. */
  readonly name: string
  readonly playbook: string
  readonly tier: Tier
  /** It may come to stop or start the container. */
  readonly restarts?: boolean
  /** A person asks for it: only a stop of all acting holds it back. */
  readonly ordered?: boolean
}

/** What was done before, and what else is wanted now. */
export interface History {
  /** Runs that were let act, within the longest window at least, in any order. */
  readonly deeds: readonly Deed[]
  /** When a person released the container last, milliseconds since the epoch. */
  readonly releasedAt: number | undefined
  /** Set while a person is needed for the container; since when, milliseconds since the epoch. */
  readonly manual: { readonly since: number; readonly reason: string } | undefined
  /** Set while all acting is stopped. */
  readonly stop: Stop | undefined
  /** Names of the containers for which an acting playbook is wanted at this time. */
  readonly wanting: ReadonlySet<string>
  /** How many containers there are that have opted in. */
  readonly candidates: number
}

const day = 86_400

/** How far back a history has to reach, seconds. */
export function longestWindow({ budgets, cooldown, breaker }: RemediationSettings): number {
  return Math.max(day, cooldown, breaker.open * 2, ...budgets.map(({ within }) => within))
}

/**
 * Whether a run that was admitted for what is measured may act now, for all that was done before. Undefined = it may;
 * otherwise why not. Pure. `now` in milliseconds since the epoch: what lies in its future, because the clock was put
 * back, counts as done just now.
 */
export function restrain(
  intention: Intention,
  history: History,
  settings: RemediationSettings,
  now: number,
): Ending | undefined {
  const { stop, deeds } = history
  if (stop !== undefined) {
    const since = new Date(stop.since).toISOString()
    return refuse('acting_stopped', `all acting is stopped since ${since}: ${stop.reason}`)
  }
  if (intention.ordered) return undefined
  if (underMaintenance(intention.name, settings.maintenance, new Date(now)))
    return refuse('maintenance', 'a maintenance window is open')
  const own = deeds.filter(({ name }) => name === intention.name)
  // A release from before the clock was put back must not cover what was done since.
  const releasedAt = (history.releasedAt ?? 0) <= now ? history.releasedAt : undefined
  return (
    judgeManual(history.manual, settings, now) ??
    judgeStorm(history, settings) ??
    judgeBreaker(own, releasedAt, settings, now) ??
    judgeCooldown(intention, own, releasedAt, settings, now) ??
    judgeBudgets(intention, deeds, settings, now)
  )
}

/** Given up, until a person releases it; after as long as the breaker stays open, one run may try whether it does again. */
function judgeManual(
  manual: History['manual'],
  { breaker }: RemediationSettings,
  now: number,
): Ending | undefined {
  if (manual === undefined) return undefined
  const left = breaker.open - age(manual.since, now)
  if (left <= 0) return undefined
  const detail = `a person is needed: ${manual.reason}; release the container, or the next run may try in ${Math.ceil(left)} s`
  return refuse('manual_intervention', detail)
}

/** Many at once are more likely one broken reading than many broken containers. */
function judgeStorm({ wanting, candidates }: History, { storm }: RemediationSettings): Ending | undefined {
  if (wanting.size < storm.containers || wanting.size <= candidates * storm.share) return undefined
  return refuse(
    'storm',
    `${wanting.size} of ${candidates} containers want action at once; a person should look at what they have in common`,
  )
}

const helped: ReadonlySet<Outcome> = new Set(['fixed', 'improved'])
const didNotHelp: ReadonlySet<Outcome> = new Set(['ineffective', 'regressed', 'failed'])

/** It helps everybody else, as long as it lasts: neither a failure nor a proof that anything helps. */
const mendsNothing: ReadonlySet<Reason> = new Set(['capped', 'capped_again'])

/** After several runs in a row that did not help it opens; after a while one run may try whether it does again. */
function judgeBreaker(
  own: readonly Deed[],
  releasedAt: number | undefined,
  { breaker }: RemediationSettings,
  now: number,
): Ending | undefined {
  const failures: Deed[] = []
  for (const deed of own.filter(since(releasedAt)).sort((a, b) => ended(b) - ended(a))) {
    if (deed.reason !== undefined && mendsNothing.has(deed.reason)) continue
    if (deed.outcome !== undefined && helped.has(deed.outcome)) break
    // Whatever could be ended was; that there is more than that is no failure.
    if (deed.reason === 'no_candidates') continue
    if (deed.outcome !== undefined && didNotHelp.has(deed.outcome)) failures.push(deed)
  }
  const [last] = failures
  if (last === undefined || failures.length < breaker.failures) return undefined
  const left = breaker.open - age(ended(last), now)
  if (left <= 0) return undefined
  return refuse(
    'breaker_open',
    `${failures.length} runs in a row did not help; the next may try in ${Math.ceil(left)} s, or when the container is released`,
  )
}

/**
 * After these the tier was left, or nobody knows: what is measured now is new. All others need time to show what they
 * did.
 */
const needsNoTime: ReadonlySet<Outcome> = new Set(['fixed', 'interrupted', 'cancelled', 'superseded'])

/** Only a higher tier does not wait for what was just done. */
function judgeCooldown(
  { tier }: Intention,
  own: readonly Deed[],
  releasedAt: number | undefined,
  { cooldown }: RemediationSettings,
  now: number,
): Ending | undefined {
  const recent = own
    .filter(since(releasedAt))
    .filter(({ outcome }) => outcome === undefined || !needsNoTime.has(outcome))
    .filter((deed) => age(ended(deed), now) < cooldown)
  const holding = recent.filter((deed) => rankOf(deed.tier) >= rank(tier))
  if (holding.length === 0) return undefined
  const left = Math.max(...holding.map((deed) => cooldown - age(ended(deed), now)))
  return refuse('cooldown', `acted on a moment ago; the next run may act in ${Math.ceil(left)} s`)
}

/**
 * A run that has ended nobody spends the budgets of its own playbook alone: else a container that is capped all day, or
 * whose zombies come back, could not be helped any more when it leaks.
 */
function judgeBudgets(
  { name, playbook, restarts = false }: Intention,
  deeds: readonly Deed[],
  { budgets }: RemediationSettings,
  now: number,
): Ending | undefined {
  for (const { scope, within, runs, playbook: only, restarts: onlyRestarts = false } of budgets) {
    if (only !== undefined && only !== playbook) continue
    if (onlyRestarts && !restarts) continue
    const spent = deeds.filter(
      (deed) =>
        age(deed.at, now) < within &&
        (scope === 'host' || deed.name === name) &&
        (only === undefined || deed.playbook === only) &&
        (!onlyRestarts || deed.restarted === true) &&
        (deed.gentle !== true || deed.playbook === playbook),
    )
    if (spent.length < runs) continue
    const which = onlyRestarts ? ' that restarted a container' : ''
    const what = `${only === undefined ? '' : ` of ${only}`}${which}`
    const where = scope === 'host' ? 'this host' : 'this container'
    return refuse('budget', `${spent.length} runs${what} on ${where} within ${within} s; ${runs} are allowed`)
  }
  return undefined
}

const since =
  (releasedAt: number | undefined) =>
  (deed: Deed): boolean =>
    releasedAt === undefined || ended(deed) > releasedAt

/** Seconds, never negative. */
const age = (at: number, now: number): number => Math.max(0, (now - at) / 1000)

/** A run that goes on ends now. */
const ended = ({ endedAt }: Deed): number => endedAt ?? Number.POSITIVE_INFINITY

const rankOf = (name: string): number => rank(tiers.find((one) => one === name) ?? 'normal')

function refuse(reason: Ending['reason'], detail: string): Ending {
  return { outcome: 'skipped', reason, detail }
}
