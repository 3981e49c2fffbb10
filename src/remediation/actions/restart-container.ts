import { DockerError } from '../../host/docker.ts'
import type { KnownContainer } from '../../host/inventory.ts'
import { errorMessage } from '../../host/reading.ts'
import { type Action, RunStop, type StepContext } from '../action.ts'

/** How long a start is tried, milliseconds: a container that was stopped here must not stay stopped. */
const startPatience = 300_000

/** Between two attempts, doubling, and between two looks at a starting container, milliseconds. */
const pause = 1000
const longestPause = 15_000

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
    context.note(restartContainer.plan(sighting, context))
    await restart(sighting.container, context)
    context.adopt(await awaitHealthy(context))
    await context.clock.sleep(context.settings.settle * 1000)
    return undefined
  },
}

async function restart(container: KnownContainer, context: StepContext): Promise<void> {
  try {
    await context.effects.stop(context.stepId, container.id, container.stopTimeout)
    await context.clock.sleep(context.settings.restartPause * 1000)
  } finally {
    // Whatever became of the stop, also when it only seemed to fail: the container is started.
    await start(container.id, context)
  }
}

async function start(id: string, context: StepContext): Promise<void> {
  const until = context.clock.monotonic() + startPatience
  for (let wait = pause; ; wait = Math.min(wait * 2, longestPause)) {
    try {
      return await context.effects.start(context.stepId, id)
    } catch (error) {
      if (error instanceof DockerError && error.code === 'not_found') {
        throw new RunStop({ outcome: 'failed', reason: 'container_gone', detail: error.message })
      }
      if (context.clock.monotonic() >= until) {
        const detail = `the container was stopped and could not be started: ${errorMessage(error)}`
        throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail })
      }
      await context.clock.sleep(wait)
    }
  }
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
    await context.clock.sleep(pause)
  }
}
