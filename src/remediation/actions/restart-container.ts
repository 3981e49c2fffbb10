import { type Static, Type } from 'typebox'
import type { KnownContainer } from '../../host/inventory.ts'
import { defineAction, type PlanContext, RunStop, type Sighting, type StepContext } from '../action.ts'
import { NotBegunError } from '../effects.ts'
import { optionalSeconds, seconds } from '../parameters.ts'

/** How long a start is tried, milliseconds: a container that was stopped here must not stay stopped. */
const startPatience = 300_000

/** Between two looks at a starting container, milliseconds. */
const poll = 1000

const RestartParameters = Type.Object(
  {
    pause: optionalSeconds(300, 'Between stopping the container and starting it again.'),
    patience: seconds(60, 3600, 'How long it may take to run, and to become healthy if it says so.'),
  },
  { additionalProperties: false },
)
type RestartParameters = Static<typeof RestartParameters>

/** Stops the container, waits, starts it, and waits until it runs and is not unhealthy. */
export const restartContainer = defineAction({
  name: 'restart-container',
  acts: true,
  parameters: RestartParameters,
  plan,
  async run(context, parameters) {
    const restarts = context.restartsLastHour()
    if (restarts >= context.settings.restartsPerHour) {
      const detail = `restarted ${restarts} times within the last hour, ${context.settings.restartsPerHour} are allowed`
      return { outcome: 'skipped', reason: 'restart_budget', detail }
    }
    const sighting = await context.look()
    if (context.isCleared(sighting)) {
      return { outcome: 'skipped', reason: 'tier_not_reached', detail: 'it got well before it was restarted' }
    }
    const unsafe = whyNotRestart(sighting.container)
    if (unsafe !== undefined) return { outcome: 'skipped', reason: 'unsafe_restart', detail: unsafe }
    context.note(plan(sighting, context, parameters))
    await restart(sighting.container, pauseOf(context, parameters), context)
    await awaitHealthy(parameters.patience, context)
    await context.clock.sleep(context.settings.settle * 1000, context.signal)
    return undefined
  },
})

function plan({ container }: Sighting, context: PlanContext, parameters: RestartParameters): unknown {
  return {
    container: container.name,
    stopGraceSeconds: container.stopTimeout,
    pauseSeconds: pauseOf(context, parameters),
    patienceSeconds: parameters.patience,
    note: 'clients of the container are disconnected',
  }
}

/** Seconds. */
function pauseOf({ settings }: PlanContext, { pause = settings.restartPause }: RestartParameters): number {
  return pause
}

/** Containers that a stop does not leave behind, or that others look after. */
function whyNotRestart({ autoRemove, swarmTask }: KnownContainer): string | undefined {
  if (autoRemove) return 'the container was started with --rm: stopped, it would be gone with its volumes'
  if (swarmTask) return 'the container is a task of a Swarm service, which would replace it'
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

async function start(container: KnownContainer, context: StepContext): Promise<void> {
  const result = await context.effects.start(context.stepId, container, startPatience)
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

/** The run goes on with the new life: also with one that is not well, where the playbook knows what to do then. */
async function awaitHealthy(patience: number, context: StepContext): Promise<void> {
  const until = context.clock.monotonic() + patience * 1000
  for (;;) {
    const container = await context.refresh()
    const { state, health } = container
    const isWell = state === 'running' && (health === 'healthy' || health === 'none')
    const isLate = context.clock.monotonic() >= until
    if (isWell || isLate) context.adopt(container)
    if (isWell) return
    if (isLate) {
      const detail = `restarted, but ${state} and ${health} after ${patience} s`
      throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail })
    }
    await context.clock.sleep(poll, context.signal)
  }
}
