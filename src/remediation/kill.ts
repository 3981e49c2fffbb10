import { type Static, Type } from 'typebox'
import type { Census } from '../census/observe.ts'
import { valueIn } from '../host/reading.ts'
import type { SignalName } from '../host/signal.ts'
import type { Ending } from '../journal/outcomes.ts'
import { type PlanContext, RunStop, type Sighting, type StepContext } from './action.ts'
import type { SignalTarget } from './effects.ts'
import { optionalSeconds } from './parameters.ts'
import { selectVictims, type Verdict } from './victims.ts'

/** Between two looks at whether a signalled process has ended, milliseconds. */
const poll = 50

/** How long a killed process may take to go, milliseconds; longer only in uninterruptible sleep (state D). */
const killPatience = 2000

/** The settle time between batches, milliseconds: only the first and the last batch wait in full. */
const shortSettle = 500

/** The most trees in one batch: signalling them is one stretch of work, and scrapes wait for it. */
const largestBatch = 64

/** How many verdicts a plan names one by one in the journal; the rest is counted. */
const namedVerdicts = 200

/** From this size on, or when it held all, a batch after which as many are leaked as before proves that they return. */
const provingBatch = 4

/** How leaked instances are ended; what is left out is as the settings say. */
export const KillParameters = Type.Object(
  {
    grace: optionalSeconds(300, 'Between SIGTERM and SIGKILL, shared by a batch.'),
    settle: optionalSeconds(300, 'After the first and the last batch, before the effect is measured.'),
    minimumAge: optionalSeconds(86_400, 'Younger instances are left alone.'),
    atMost: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'How many instances the step may end; then it is over, and what is measured decides.',
        expected: 'a whole number from 1',
      }),
    ),
  },
  { additionalProperties: false },
)
/** Times in seconds. */
export type KillParameters = Static<typeof KillParameters>

/** The verdicts about a container as it is now; victims are no more than the parameters allow. */
export function plan(
  { census, policy }: Sighting,
  standing: 'orphan' | 'duplicate',
  { settings, tier, ownPid, procfs }: PlanContext,
  { minimumAge, atMost: wanted = Number.POSITIVE_INFINITY }: KillParameters,
): readonly Verdict[] {
  return selectVictims({
    instances: census.instances,
    tree: census.tree,
    uptime: census.uptime,
    policy,
    standing,
    minimumAge: minimumAge ?? settings.minimumAge[tier],
    ownPid,
    listens: (pid) => procfs.listens(pid),
    wanted,
  })
}

/** Verdicts as the journal keeps them: no argv, only labels; past a few hundred only how many there were. */
export function printable(verdicts: readonly Verdict[]): unknown {
  const named = verdicts.slice(0, namedVerdicts).map(({ instance, ageSeconds, verdict, reason, tree }) => ({
    command: instance.command,
    pid: instance.root.pid,
    ageSeconds: Math.round(ageSeconds),
    processes: tree.length || instance.members.length,
    verdict,
    reason,
  }))
  const rest = Map.groupBy(verdicts.slice(namedVerdicts), ({ verdict, reason }) => `${verdict}: ${reason}`)
  return [...named, ...[...rest].map(([what, all]) => ({ more: all.length, what }))]
}

const nobody: Ending = { outcome: 'skipped', reason: 'no_candidates' }

/**
 * Ends leaked instances, whole trees, in batches of 1, 2, 4 …, until none is left. A candidate below its minimum age
 * is waited for, unless the run has reached what it is for. Stops when what was ended comes back, or when as many were
 * ended as the parameters allow.
 */
export async function killLeaked(
  standing: 'orphan' | 'duplicate',
  context: StepContext,
  parameters: KillParameters,
): Promise<Ending | undefined> {
  const { atMost = Number.POSITIVE_INFINITY } = parameters
  const { grace, settle } = { ...context.settings, ...parameters }
  // What the run has just seen is enough to see that there is nothing to do; who is signalled is seen anew.
  const seen = plan(context.seen(), standing, context, { ...parameters, atMost: 0 })
  if (seen.every(({ verdict }) => verdict === 'keep')) {
    context.note(printable(seen))
    return nobody
  }
  let ended = 0
  let leakedBefore = 0
  let batchBefore = 0
  for (;;) {
    context.signal.throwIfAborted()
    const sighting = await context.look()
    const size = Math.min(largestBatch, Math.max(1, batchBefore * 2), atMost - ended)
    const verdicts = plan(sighting, standing, context, { ...parameters, atMost: size })
    // In full once; the later plans only differ in what is left.
    context.note(printable(ended === 0 ? verdicts : verdicts.filter(({ verdict }) => verdict !== 'keep')))
    const batch = verdicts.filter(({ verdict }) => verdict === 'kill')
    const later = verdicts.filter(({ verdict }) => verdict === 'later')
    const young = verdicts.filter(({ verdict }) => verdict === 'wait')
    const leaked = batch.length + later.length + young.length
    if (leaked === 0) return ended > 0 ? undefined : nobody
    if (batchBefore >= Math.min(provingBatch, leakedBefore) && ended > 0 && leaked >= leakedBefore) {
      const detail = `${ended} instances ended, yet as many are leaked as before`
      return { outcome: 'ineffective', reason: 'respawned', detail }
    }
    if (batch.length === 0) {
      // Who is too young may be about to end by itself; it is waited for only where the rest did not help.
      if (context.isCleared(sighting)) return ended > 0 ? undefined : nobody
      const seconds = Math.min(...young.map(({ waitSeconds }) => waitSeconds ?? 0))
      await context.clock.sleep(seconds * 1000 + poll, context.signal)
      continue
    }
    await endTrees(batch, sighting.census, grace, context)
    ended += batch.length
    const canaryOrLast = batchBefore === 0 || batch.length === leaked || ended >= atMost
    leakedBefore = leaked
    batchBefore = batch.length
    const pause = canaryOrLast ? settle * 1000 : Math.min(settle * 1000, shortSettle)
    await context.clock.sleep(pause, context.signal)
    if (ended >= atMost) return undefined
  }
}

/** TERM leaves first, one grace for the batch, then KILL to what is left of the trees, leaves first. */
async function endTrees(
  batch: readonly Verdict[],
  census: Census,
  grace: number,
  context: StepContext,
): Promise<void> {
  const command = new Map(census.instances.flatMap((one) => one.members.map(({ pid }) => [pid, one.command])))
  // Parents stand before their children in a tree, so that the reverse signals leaves first.
  const targets = batch
    .flatMap(({ tree }) => [...tree].reverse())
    .map(({ pid, startTicks, argv }) => ({ pid, startTicks, argv, command: command.get(pid) ?? 'unknown' }))
  send(targets, 'SIGTERM', census, context)
  const stubborn = await awaitEnd(targets, grace * 1000, context)
  if (stubborn.length === 0) return
  send(stubborn, 'SIGKILL', census, context)
  await awaitEnd(stubborn, killPatience, context)
}

function send(
  targets: readonly SignalTarget[],
  signal: SignalName,
  census: Census,
  context: StepContext,
): void {
  const bounds = { cgroupPath: census.paths.path, forbidden: new Set([census.tree.init, context.ownPid]) }
  const results = context.effects.signal(context.stepId, targets, signal, bounds)
  const failed = results.find((result) => result.startsWith('failed'))
  if (failed !== undefined) {
    throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail: `${signal}: ${failed}` })
  }
}

/** Waits until all have ended; returns those that have not. A zombie has ended: only its parent can clear it away. */
async function awaitEnd(
  targets: readonly SignalTarget[],
  patience: number,
  { clock, procfs }: StepContext,
): Promise<readonly SignalTarget[]> {
  const until = clock.monotonic() + patience
  for (let left = targets; ; ) {
    left = left.filter(({ pid, startTicks }) => {
      const stat = valueIn(procfs.stat(pid))
      return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X'
    })
    if (left.length === 0 || clock.monotonic() >= until) return left
    // Not cancelled from outside: between TERM and KILL a tree is half gone, and it is finished first.
    await clock.sleep(poll)
  }
}
