import { type Static, Type } from 'typebox'
import { hasCrashed } from '../../census/crash.ts'
import { afterRestart } from '../../census/profiles.ts'
import { DockerError } from '../../host/docker.ts'
import type { KnownContainer } from '../../host/inventory.ts'
import type { Ending } from '../../journal/outcomes.ts'
import { defineAction, type PlanContext, RunStop, type Sighting, type StepContext } from '../action.ts'
import { NotBegunError } from '../effects.ts'
import { isSecondExplosion, tighten } from '../limits/second-explosion.ts'
import { optionalSeconds, seconds } from '../parameters.ts'
import { missingPartners } from '../partners.ts'
import { type Foreseen, foresee, planDependents, restartDependents } from '../restart-dependents.ts'

/** How long a start is tried, milliseconds: a container that was stopped here must not stay stopped. */
const startPatience = { least: 60_000, most: 300_000 }

/** Between two looks at a starting container, milliseconds. */
const poll = 1000

const RestartParameters = Type.Object(
  {
    pause: optionalSeconds(300, 'Between stopping the container and starting it again.'),
    patience: seconds(60, 3600, 'How long it may take to run, and to become healthy if it says so.'),
    secondWithin: optionalSeconds(
      604_800,
      'A container that was restarted within so long before gets the stricter limits; one that has them is not restarted.',
    ),
  },
  { additionalProperties: false },
)
type RestartParameters = Static<typeof RestartParameters>

/**
 * Stops the container, waits, starts it, and waits until it runs and is not unhealthy; one that has crashed is only
 * started. Containers that have lost their network by it are restarted as well.
 */
export const restartContainer = defineAction({
  name: 'restart-container',
  description:
    'Stops the container, waits, starts it, and waits until it runs and is not unhealthy; containers in its network namespace that lost their network by it are restarted as well.',
  acts: true,
  parameters: RestartParameters,
  plan,
  async run(context, parameters) {
    const restarts = context.restartsLastHour()
    if (restarts >= context.settings.restartsPerHour) {
      const detail = `restarted ${restarts} times within the last hour, ${context.settings.restartsPerHour} are allowed`
      return { outcome: 'skipped', reason: 'restart_budget', detail }
    }
    const partners = await missingPartners(context.seen().container, context.builder)
    const sighting = await context.look()
    if (context.isCleared(sighting)) {
      return { outcome: 'skipped', reason: 'tier_not_reached', detail: 'it got well before it was restarted' }
    }
    const unsafe = whyNotRestart(sighting.container, partners)
    if (unsafe !== undefined) return { outcome: 'skipped', reason: 'unsafe_restart', detail: unsafe }
    const again = isSecondExplosion(sighting, parameters.secondWithin, context)
    context.note(plan(sighting, context, parameters))
    const foreseen = foresee(sighting.container, context)
    const { container, illness } = await giveNewLife(sighting, parameters, context).catch(async (error) => {
      await bringBack(sighting.container, foreseen, context).catch(() => {})
      throw error
    })
    // Also of one that is not well yet: they have lost their network all the same.
    await restartDependents(container, foreseen, parameters.patience, context)
    if (illness !== undefined) throw new RunStop(illness)
    await context.clock.sleep(context.settings.settle * 1000, context.signal)
    if (again) await tighten(context)
    return undefined
  },
})

async function giveNewLife(
  { container, policy }: Sighting,
  parameters: RestartParameters,
  context: StepContext,
): Promise<Restarted> {
  if (hasCrashed(container)) await startCrashed(container, context)
  else await restart(container, pauseOf(context, parameters), context)
  const clients = afterRestart(policy.profile)
  if (clients !== undefined) context.remark(clients)
  return awaitHealthy(parameters.patience, context)
}

/** The run is cancelled, or fails: who has lost the network by it gets it back all the same, if there is one. */
async function bringBack({ id }: KnownContainer, foreseen: Foreseen, context: StepContext): Promise<void> {
  const container = await context.inventory.refresh(id)
  if (container?.state === 'running') await restartDependents(container, foreseen, 0, context)
}

function plan({ container, policy }: Sighting, context: PlanContext, parameters: RestartParameters): unknown {
  const dependents = planDependents(container, context)
  const clients = afterRestart(policy.profile)
  return {
    container: container.name,
    ...(hasCrashed(container)
      ? { exitCode: container.exitCode, note: 'it has crashed: it is only started' }
      : {
          stopGraceSeconds: container.stopTimeout,
          pauseSeconds: pauseOf(context, parameters),
          note: 'clients of the container are disconnected',
        }),
    patienceSeconds: parameters.patience,
    ...(clients !== undefined && { clients }),
    ...(dependents.length > 0 && { dependents }),
  }
}

/** Seconds. */
function pauseOf({ settings }: PlanContext, { pause = settings.restartPause }: RestartParameters): number {
  return pause
}

/** Containers that a stop does not leave behind, that others look after, or that could not be started again. */
function whyNotRestart(
  { autoRemove, swarmTask }: KnownContainer,
  partners: readonly string[],
): string | undefined {
  if (autoRemove) return 'the container was started with --rm: stopped, it would be gone with its volumes'
  if (swarmTask) return 'the container is a task of a Swarm service, which would replace it'
  if (partners.length > 0)
    return `the container shares a namespace of ${partners.join(', ')}, which does not run: stopped, it could not be started again`
  return undefined
}

async function restart(container: KnownContainer, pause: number, context: StepContext): Promise<void> {
  try {
    await context.effects.stop(context.stepId, container, container.stopTimeout)
    // Cut short by whoever stops pidwarden: then the container must be up again before that.
    await context.clock.sleep(pause * 1000, context.signal).catch(() => {})
  } catch (error) {
    // Whatever became of the stop, also when it only seemed to fail: the container is started. Unless there was none.
    if (!(error instanceof NotBegunError)) await start(container, context)
    throw error
  }
  await start(container, context)
}

/** The intent is written down first: nobody here has stopped it, and each start counts as a restart. */
async function startCrashed({ id, startedAt }: KnownContainer, context: StepContext): Promise<void> {
  try {
    await context.effects.carryOut(context.stepId, { kind: 'start', life: startedAt }, (docker) =>
      docker.start(id),
    )
  } catch (error) {
    // Also a network of it that was removed is not found.
    if (error instanceof DockerError && error.code === 'not_found') await context.refresh()
    throw error
  }
}

async function start(container: KnownContainer, context: StepContext): Promise<void> {
  // Given up before the run is out of time, so that people hear of it; in service it is tried on.
  const half = (context.settings.runDeadline * 1000) / 2
  const patience = Math.min(Math.max(startPatience.least, half), startPatience.most)
  const result = await context.effects.start(context.stepId, container, patience)
  // Not stopped: what the stop said tells more, or else the measurement does.
  if (result === 'running' || result === 'not_stopped') return
  if (result === 'gone') {
    const detail = 'the container was removed while it was restarted'
    throw new RunStop({ outcome: 'failed', reason: 'container_gone', detail })
  }
  const why = result === 'ended_since' ? 'it has ended again' : result.failed
  const detail = `the container was stopped and does not run again: ${why}`
  throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail })
}

/** A container after its restart, and why it is not well; undefined when it is. */
interface Restarted {
  readonly container: KnownContainer
  readonly illness: Ending | undefined
}

/** The run goes on with the new life: also with one that is not well, where the playbook knows what to do then. */
async function awaitHealthy(patience: number, context: StepContext): Promise<Restarted> {
  const until = context.clock.monotonic() + patience * 1000
  for (;;) {
    const container = await context.refresh()
    const { state, health, exitCode } = container
    const isWell = state === 'running' && (health === 'healthy' || health === 'none')
    // Nobody starts it again: to wait would only put off those who can help.
    const hasEnded = state === 'exited' || state === 'dead'
    const isLate = context.clock.monotonic() >= until
    if (isWell || hasEnded || isLate) context.adopt(container)
    if (isWell) return { container, illness: undefined }
    if (hasEnded || isLate) {
      const detail = hasEnded
        ? `restarted, but it has ended again with exit code ${exitCode}`
        : `restarted, but ${state} and ${health} after ${patience} s`
      return { container, illness: { outcome: 'failed', reason: 'action_failed', detail } }
    }
    await context.clock.sleep(poll, context.signal)
  }
}
