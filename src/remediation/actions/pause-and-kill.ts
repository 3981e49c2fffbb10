import { type Static, Type } from 'typebox'
import { DockerError } from '../../host/docker.ts'
import type { KnownContainer } from '../../host/inventory.ts'
import { errorMessage } from '../../host/reading.ts'
import type { Ending } from '../../journal/outcomes.ts'
import { defineAction, type PlanContext, RunStop, type Sighting, type StepContext } from '../action.ts'
import type { SignalTarget } from '../effects.ts'
import { awaitKilled, killTrees } from '../end-trees.ts'
import { nobody, plan, printable } from '../kill.ts'
import { optionalSeconds } from '../parameters.ts'
import type { Choice } from '../victims/choices.ts'
import { findGateways } from '../victims/gateways.ts'
import type { Verdict } from '../victims/verdict.ts'

/** How many trees are killed before others may go on: signalling them is one stretch of work. */
const handful = 32

/** How often it is tried at once to let a container go on, and the milliseconds in between. */
const attempts = 3
const betweenAttempts = 500

/** A candidate that was too young a moment ago is old enough then, milliseconds. */
const moment = 50

/** Whoever is leaked, whatever kill action it would be for. */
const leaked: Choice = {
  among: ['orphan', 'duplicate'],
  widens: 'never',
  first: 'youngest',
  untilCleared: false,
}

const PauseParameters = Type.Object(
  {
    settle: optionalSeconds(300, 'After it goes on, before the effect is measured.'),
    minimumAge: optionalSeconds(86_400, 'Younger instances are left alone.'),
    atMost: Type.Integer({
      minimum: 1,
      default: 500,
      description: 'How many instances are ended; the more, the longer the container stands still.',
      expected: 'a whole number from 1',
    }),
  },
  { additionalProperties: false },
)
type PauseParameters = Static<typeof PauseParameters>

/**
 * For what starts faster than it can be ended: freezes the whole container, kills every leaked instance in it, and lets
 * it go on. Nobody is asked to end first, because what is frozen hears nothing. The container answers nobody meanwhile,
 * so that it is done only where there is somebody to end.
 */
export const pauseAndKill = defineAction({
  name: 'pause-and-kill',
  description:
    'For what starts faster than it can be ended: pauses the container, kills every leaked instance in it, and lets it go on.',
  acts: true,
  parameters: PauseParameters,
  plan: (sighting, context, parameters) => printable(victims(sighting, context, parameters)),
  async run(context, parameters) {
    const { settle = context.settings.settle } = parameters
    const before = await findCandidates(context, parameters)
    if ('outcome' in before) return before
    const killed = await underPause(before.container, context, async () => {
      const sighting = await context.look()
      const verdicts = victims(sighting, context, parameters, before)
      const targets = await killAll(toKill(verdicts), sighting, context)
      return { targets, verdicts }
    })
    if (killed === 'paused already') return notRunning
    context.note(printable(killed.verdicts))
    await awaitKilled(killed.targets, context)
    await context.clock.sleep(settle * 1000, context.signal)
    const left = victims(await context.look(), context, { ...parameters, atMost: 0 })
    if (killed.targets.length === 0 || candidates(left) < candidates(killed.verdicts)) return undefined
    const detail = `${killed.targets.length} processes ended at one stroke, yet as many are leaked as before`
    return { outcome: 'ineffective', reason: 'respawned', detail }
  },
})

const toKill = (verdicts: readonly Verdict[]): readonly Verdict[] =>
  verdicts.filter(({ verdict }) => verdict === 'kill')

const candidates = (verdicts: readonly Verdict[]): number =>
  verdicts.filter(({ verdict }) => verdict !== 'keep').length

const notRunning: Ending = { outcome: 'skipped', reason: 'not_running', detail: 'somebody has paused it' }

/** The verdicts now. Who was a gateway in `earlier` is one still. */
function victims(
  sighting: Sighting,
  context: PlanContext,
  parameters: Pick<PauseParameters, 'minimumAge' | 'atMost'>,
  earlier: Sighting = sighting,
): readonly Verdict[] {
  const gateways = findGateways(earlier.census.instances, earlier.census.tree)
  return plan(sighting, leaked, context, parameters, { gateways })
}

/** Looks for whom to end while everything runs, and waits for those who are too young: a pause must not. */
async function findCandidates(context: StepContext, parameters: PauseParameters): Promise<Sighting | Ending> {
  for (let waited = false; ; waited = true) {
    const sighting = await context.look()
    if (context.isCleared(sighting)) {
      return { outcome: 'skipped', reason: 'tier_not_reached', detail: 'it got well before it was paused' }
    }
    const verdicts = victims(sighting, context, parameters)
    const young = verdicts.filter(({ verdict }) => verdict === 'wait')
    const old = toKill(verdicts)
    if (old.length === 0 && (young.length === 0 || waited)) {
      context.note(printable(verdicts))
      return nobody(verdicts, sighting)
    }
    if (young.length === 0 || waited) return sighting
    const seconds = Math.max(...young.map(({ waitSeconds = 0 }) => waitSeconds))
    await context.clock.sleep(seconds * 1000 + moment, context.signal)
  }
}

async function killAll(
  batch: readonly Verdict[],
  { census }: Sighting,
  context: StepContext,
): Promise<readonly SignalTarget[]> {
  const targets: SignalTarget[] = []
  for (let from = 0; from < batch.length; from += handful) {
    targets.push(...killTrees(batch.slice(from, from + handful), census, context))
    await context.clock.sleep(0)
  }
  return targets
}

/**
 * Does `work` while the container is paused. Whatever becomes of it, and also when the run is cancelled, the container
 * goes on afterwards; where that fails, whoever ends the run tries again, and then whoever settles what runs have left.
 */
async function underPause<T>(
  { id, startedAt }: KnownContainer,
  context: StepContext,
  work: () => Promise<T>,
): Promise<T | 'paused already'> {
  const { clock } = context
  const since = clock.monotonic()
  const paused = await pause(id, startedAt, context)
  if (paused === 'changed') return 'paused already'
  if (paused !== 'done') throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail: paused })
  const [done] = await Promise.allSettled([work()])
  const until = await letGoOn(id, context)
  if (typeof until === 'string') {
    const detail = `the container is paused still, and it is tried again until it is not: ${until}`
    throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail })
  }
  context.note({ pausedMilliseconds: Math.round(until - since) })
  if (done.status === 'rejected') throw done.reason
  return done.value
}

type Paused = 'done' | 'changed' | `refused: ${string}`

/** Returns changed when somebody else had paused it, and why Docker refuses; what is not known is thrown. */
function pause(containerId: string, life: string, { effects, stepId }: StepContext): Promise<Paused> {
  return effects.carryOut(stepId, { kind: 'pause', containerId, life }, async (docker): Promise<Paused> => {
    try {
      return (await docker.pause(containerId)) ? 'done' : 'changed'
    } catch (error) {
      // Where Docker has answered there is no pause to take back, and none to wait for.
      if (error instanceof DockerError && !error.retryable) return `refused: ${errorMessage(error)}`
      throw error
    }
  })
}

/** Returns when it went on, monotonic milliseconds, or why it does not. */
async function letGoOn(
  containerId: string,
  { effects, stepId, clock }: StepContext,
): Promise<number | string> {
  for (let tries = 1; ; tries++) {
    let since: number | undefined
    try {
      await effects.takeBack(stepId, { kind: 'unpause', containerId }, async (docker) => {
        await docker.unpause(containerId)
        since = clock.monotonic()
      })
      return since ?? clock.monotonic()
    } catch (error) {
      // That it could not be written down is for whoever writes next.
      if (since !== undefined) return since
      if (tries === attempts) return errorMessage(error)
      await clock.sleep(betweenAttempts)
    }
  }
}
