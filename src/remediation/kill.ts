import { type Static, Type } from 'typebox'
import type { Process } from '../census/process.ts'
import type { Ending } from '../journal/outcomes.ts'
import { type PlanContext, RunStop, type Sighting, type StepContext } from './action.ts'
import { endTrees } from './end-trees.ts'
import { optionalSeconds } from './parameters.ts'
import type { Choice } from './victims/choices.ts'
import { cpuBetween, cpuOfLife } from './victims/cpu.ts'
import { findGateways } from './victims/gateways.ts'
import { Keep } from './victims/keep.ts'
import type { ProcessKey } from './victims/key.ts'
import type { Verdict, VictimFacts } from './victims/verdict.ts'
import { watchYoung } from './victims/young.ts'
import { selectVictims } from './victims.ts'

/** Somebody who was too young a moment ago is old enough then, milliseconds. */
const poll = 50

/** The settle time between batches, milliseconds: only the first and the last batch wait in full. */
const shortSettle = 500

/** Over so long it is measured who uses the CPU, milliseconds. */
const sampled = 1000

/** The most trees in one batch: signalling them is one stretch of work, and scrapes wait for it. */
const largestBatch = 64

/** How many verdicts a plan names one by one in the journal; the rest is counted. */
const namedVerdicts = 200

/** From this size on, or when it held all, a batch after which as many are leaked as before proves that they return. */
const provingBatch = 4

const pace = {
  grace: optionalSeconds(300, 'Between SIGTERM and SIGKILL, shared by a batch.'),
  settle: optionalSeconds(300, 'After the first and the last batch, before the effect is measured.'),
}

/** How a purge ends instances: all of them, whatever their age. */
export const PurgeParameters = Type.Object(pace, { additionalProperties: false })

/** How instances are ended; what is left out is as the settings say. */
export const KillParameters = Type.Object(
  {
    ...pace,
    minimumAge: optionalSeconds(86_400, 'Younger instances are left alone.'),
    atMost: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'How many instances the step may end; then it is over, and what is measured decides.',
        expected: 'a whole number from 1',
      }),
    ),
    keep: Type.Optional(Keep),
  },
  { additionalProperties: false },
)
/** Times in seconds. */
export type KillParameters = Static<typeof KillParameters>

/** What a plan may be told beside what is seen: the CPU that was measured, and gateways of earlier looks. */
interface Known extends Partial<Pick<VictimFacts, 'gateways'>> {
  readonly cpu?: ((process: Process) => number) | undefined
}

/**
 * The verdicts about a container as it is now; victims are no more than the parameters allow. Where CPU use was not
 * measured, that of each process over its whole life ranks.
 */
export function plan(
  { census, policy }: Sighting,
  choice: Choice,
  { settings, tier, ownPid, procfs }: PlanContext,
  { minimumAge, atMost: wanted = Number.POSITIVE_INFINITY, keep }: KillParameters,
  { cpu = cpuOfLife(census), gateways = new Set<ProcessKey>() }: Known = {},
): readonly Verdict[] {
  return selectVictims({
    choice,
    instances: census.instances,
    tree: census.tree,
    uptime: census.uptime,
    policy,
    keep,
    minimumAge: minimumAge ?? settings.minimumAge[tier],
    ownPid,
    gateways,
    listens: (pid) => procfs.listens(pid),
    memory: (pid) => procfs.privateMemory(pid),
    cpu,
    wanted,
  })
}

/** Verdicts as the journal keeps them: no argv, only labels; past a few hundred only how many there were. */
export function printable(verdicts: readonly Verdict[]): unknown {
  const named = verdicts.slice(0, namedVerdicts).map((one) => ({
    command: one.instance.command,
    pid: one.instance.root.pid,
    ageSeconds: Math.round(one.ageSeconds),
    processes: one.tree.length || one.instance.members.length,
    ...(one.idle === undefined ? {} : { idle: one.idle }),
    ...(one.memory === undefined ? {} : { memoryBytes: one.memory }),
    ...(one.cpu === undefined ? {} : { cpuCores: Math.round(one.cpu * 100) / 100 }),
    verdict: one.verdict,
    reason: one.reason,
  }))
  const rest = Map.groupBy(verdicts.slice(namedVerdicts), ({ verdict, reason }) => `${verdict}: ${reason}`)
  return [...named, ...[...rest].map(([what, all]) => ({ more: all.length, what }))]
}

/** Nothing was done; and who has to be asked where it is the profile that says so. */
export function nobody(verdicts: readonly Verdict[], { policy }: Sighting): Ending {
  const forbidden = verdicts.filter(({ reason }) => reason === 'profile_forbids').length
  const why = `the profile ${policy.profile} keeps ${forbidden} instances that are not known to be orphans`
  return { outcome: 'skipped', reason: 'no_candidates', ...(forbidden > 0 && { detail: why }) }
}

/**
 * Ends whom the choice allows, whole trees, in batches of 1, 2, 4 …, until none is left or, where the choice says so,
 * the goal holds. A candidate below its minimum age is waited for, unless the run has reached what it is for. Stops
 * when what was ended comes back, or when as many were ended as the parameters allow.
 */
export async function endVictims(
  choice: Choice,
  context: StepContext,
  parameters: KillParameters,
): Promise<Ending | undefined> {
  const { atMost = Number.POSITIVE_INFINITY } = parameters
  const { grace, settle } = { ...context.settings, ...parameters }
  // What the run has just seen is enough to see that there is nothing to do; who is signalled is seen anew.
  const seen = plan(context.seen(), choice, context, { ...parameters, atMost: 0 })
  if (seen.every(({ verdict }) => verdict === 'keep')) {
    context.note(printable(seen))
    return nobody(seen, context.seen())
  }
  let ended = 0
  let leakedBefore = 0
  let batchBefore = 0
  let gateways: ReadonlySet<ProcessKey> = new Set()
  const neverGrowsOld = watchYoung()
  for (;;) {
    context.signal.throwIfAborted()
    const { sighting, cpu } = await lookAt(choice, context)
    const { instances, tree } = sighting.census
    // Once its children are ended, nothing shows any more that it was one.
    gateways = gateways.union(findGateways(instances, tree))
    const size = Math.min(largestBatch, Math.max(1, batchBefore * 2), atMost - ended)
    const verdicts = plan(sighting, choice, context, { ...parameters, atMost: size }, { cpu, gateways })
    // In full once; the later plans only differ in what is left.
    context.note(printable(ended === 0 ? verdicts : verdicts.filter(({ verdict }) => verdict !== 'keep')))
    const batch = verdicts.filter(({ verdict }) => verdict === 'kill')
    const later = verdicts.filter(({ verdict }) => verdict === 'later')
    const young = verdicts.filter(({ verdict }) => verdict === 'wait')
    const leaked = batch.length + later.length + young.length
    if (leaked === 0) return ended > 0 ? undefined : nobody(verdicts, sighting)
    if (choice.untilCleared && context.isCleared(sighting)) return ended > 0 ? undefined : gotWell
    if (batchBefore >= Math.min(provingBatch, leakedBefore) && ended > 0 && leaked >= leakedBefore) {
      const detail = `${ended} instances ended, yet as many are leaked as before`
      return { outcome: 'ineffective', reason: 'respawned', detail }
    }
    if (batch.length === 0) {
      // Who is too young may be about to end by itself; it is waited for only where the rest did not help.
      if (context.isCleared(sighting)) return ended > 0 ? undefined : nobody(verdicts, sighting)
      if (neverGrowsOld(young)) throw new RunStop(crashLoop(young))
      const seconds = Math.min(...young.map(({ waitSeconds }) => waitSeconds ?? 0))
      await context.clock.sleep(seconds * 1000 + poll, context.signal)
      continue
    }
    await endTrees(batch, sighting.census, grace, context)
    ended += batch.length
    const canaryOrLast = batchBefore === 0 || batch.length === leaked || ended >= atMost
    leakedBefore = leaked
    batchBefore = batch.length
    // Where the goal decides on the next batch, each one has the time to take effect.
    const full = canaryOrLast || choice.untilCleared
    await context.clock.sleep(full ? settle * 1000 : Math.min(settle * 1000, shortSettle), context.signal)
    if (ended >= atMost) return undefined
  }
}

/** No playbook helps against a program that fails: a person has to see to it. */
function crashLoop(young: readonly Verdict[]): Ending {
  const commands = [...new Set(young.map(({ instance }) => instance.command))].join(', ')
  const detail = `${commands}: each ends by itself before it is old enough to be ended, and is started again; see to why it fails`
  return { outcome: 'skipped', reason: 'crash_loop', detail }
}

const gotWell: Ending = {
  outcome: 'skipped',
  reason: 'tier_not_reached',
  detail: 'it got well before anybody was ended',
}

/** Looks at the container; twice, where it has to be measured who uses the CPU. */
async function lookAt(
  { first }: Choice,
  { look, clock, signal }: StepContext,
): Promise<{ sighting: Sighting; cpu: ((process: Process) => number) | undefined }> {
  const before = await look()
  if (first !== 'busiest') return { sighting: before, cpu: undefined }
  await clock.sleep(sampled, signal)
  const sighting = await look()
  return { sighting, cpu: cpuBetween(before.census, sighting.census) }
}
