import type { KnownContainer } from '../../host/inventory.ts'
import type { StepContext } from '../action.ts'
import type { Part } from './refusals.ts'

/** Between two looks at a new container, milliseconds. */
const poll = 250

/** How long is waited for a new container, seconds. */
export interface Waiting {
  /** At most; longer, where its health check takes its time. */
  readonly patience: number
  /** How long one that does not say whether it is healthy has to stay up. */
  readonly steady: number
}

/**
 * Waits until a new container runs and is healthy, if it says so, or has stayed up for long enough. Throws when it is not
 * well by then, or has ended, and when the run is cancelled.
 */
export async function awaitWell(
  id: string,
  { container, blueprint }: Part,
  { patience, steady }: Waiting,
  context: Pick<StepContext, 'inventory' | 'clock' | 'signal' | 'settings'>,
): Promise<void> {
  const { clock, signal } = context
  const begun = clock.monotonic()
  const settled = begun + Math.max(context.settings.settle, steady) * 1000
  const late = begun + patience * 1000
  const latest = Math.max(late, begun + firstVerdict(blueprint.Config.Healthcheck))
  for (;;) {
    const found = await context.inventory.refresh(id)
    const now = clock.monotonic()
    const state = stateOf(found)
    if (state === 'ended') throw new Error(`the new ${container.name} has ended: ${told(found)}`)
    if (state === 'healthy' || (state === 'mute' && now >= settled)) return
    if (now >= (state === 'starting' ? latest : Math.max(late, settled))) {
      const seconds = Math.round((now - begun) / 1000)
      throw new Error(`the new ${container.name} is not well after ${seconds} s: ${told(found)}`)
    }
    await clock.sleep(poll, signal)
  }
}

type State = 'ended' | 'starting' | 'healthy' | 'unhealthy' | 'mute'

function stateOf(found: KnownContainer | undefined): State {
  if (found?.state !== 'running' || found.restarts > 0) return 'ended'
  return found.health === 'none' ? 'mute' : found.health
}

function told(found: KnownContainer | undefined): string {
  if (found === undefined) return 'it was removed'
  const { state, health, restarts, exitCode } = found
  const ended = state === 'exited' ? `, exit code ${exitCode}` : ''
  return `${state}${ended}, health ${health}, restarted ${restarts} times`
}

/** Nanoseconds that the API has for a health check, in milliseconds; where it says nothing the engine has its own. */
function firstVerdict(healthcheck: unknown): number {
  const of = (name: string, usual: number): number => {
    const given =
      healthcheck instanceof Object && Object.entries(healthcheck).find(([key]) => key === name)?.[1]
    return typeof given === 'number' && given > 0 ? given : usual
  }
  const [period, interval, retries] = [of('StartPeriod', 0), of('Interval', 30e9), of('Retries', 3)]
  return (period + interval * (retries + 1)) / 1e6
}
