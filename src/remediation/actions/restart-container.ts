import type { KnownContainer } from '../../host/inventory.ts'
import { type Action, RunStop, type StepContext } from '../action.ts'
import { NotBegunError } from '../effects.ts'

/** How long a start is tried, milliseconds: a container that was stopped here must not stay stopped. */
const startPatience = 300_000

/** Between two looks at a starting container, milliseconds. */
const pause = 1000

/** How long a restarted container may take to run, and to become healthy if it says so, milliseconds. */
const healthPatience = 60_000

/** Stops the container, waits, starts it, and waits until it runs and is not unhealthy. */
export const restartContainer: Action = {
  name: 'restart-container',
  acts: true,
  plan: ({ container }, { settings }) => ({
    container: container.name,
    stopGraceSeconds: container.stopTimeout,
    pauseSeconds: settings.restartPause,
    note: 'clients of the container are disconnected',
  }),
  async run(context) {
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
    context.note(restartContainer.plan(sighting, context))
    await restart(sighting.container, context)
    context.adopt(await awaitHealthy(context))
    await context.clock.sleep(context.settings.settle * 1000, context.signal)
    return undefined
  },
}

/** Containers that a stop does not leave behind, or that others look after. */
function whyNotRestart({ autoRemove, swarmTask }: KnownContainer): string | undefined {
  if (autoRemove) return 'the container was started with --rm: stopped, it would be gone with its volumes'
  if (swarmTask) return 'the container is a task of a Swarm service, which would replace it'
  return undefined
}

async function restart(container: KnownContainer, context: StepContext): Promise<void> {
  try {
    await context.effects.stop(context.stepId, container, container.stopTimeout)
    // Cut short by whoever stops pidwarden: then the container must be up again before that.
    await context.clock.sleep(context.settings.restartPause * 1000, context.signal).catch(() => {})
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

async function awaitHealthy(context: StepContext): Promise<KnownContainer> {
  const until = context.clock.monotonic() + healthPatience
  for (;;) {
    const container = await context.refresh()
    if (container.state === 'running' && (container.health === 'healthy' || container.health === 'none')) {
      return container
    }
    if (context.clock.monotonic() >= until) {
      const detail = `restarted, but ${container.state} and ${container.health} after ${healthPatience / 1000} s`
      throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail })
    }
    await context.clock.sleep(pause, context.signal)
  }
}
