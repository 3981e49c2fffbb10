import { hasCrashed } from '../census/crash.ts'
import type { ContainerState } from '../host/docker.ts'
import type { CensusFamily } from './family.ts'

const states: readonly ContainerState[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
]
const healths = ['none', 'starting', 'healthy', 'unhealthy'] as const

/** Where the container is in its life, as Docker tells it. */
export const state: CensusFamily = (exposition) => {
  const current = exposition.gauge(
    'container_state',
    '1 for the state that the container is in (State.Status), 0 for the others.',
    ['name', 'state'],
  )
  const health = exposition.gauge(
    'container_health',
    '1 for the health that the container is in (State.Health), 0 for the others; none = it has no health check.',
    ['name', 'status'],
  )
  const started = exposition.gauge(
    'container_start_time_seconds',
    'When the container was started, Unix time.',
    ['name'],
  )
  const restarts = exposition.counter(
    'container_restarts_total',
    'Restarts by the restart policy since the container was created (RestartCount).',
    ['name'],
  )
  const exitCode = exposition.gauge(
    'container_exit_code',
    'Exit code of the last run; absent while it runs.',
    ['name'],
  )
  const crashed = exposition.gauge(
    'container_crashed',
    '1 while the container is down because it ended by itself with a failure, 0 otherwise.',
    ['name'],
  )
  return (observations) => {
    for (const { container } of observations) {
      const { name } = container
      for (const one of states) current.set({ name, state: one }, container.state === one ? 1 : 0)
      for (const one of healths) health.set({ name, status: one }, container.health === one ? 1 : 0)
      const startedAt = Date.parse(container.startedAt)
      // A container that never ran has the zero time of Go, year 1.
      if (startedAt > 0) started.set({ name }, startedAt / 1000)
      restarts.set({ name }, container.restarts)
      crashed.set({ name }, hasCrashed(container) ? 1 : 0)
      if (container.state === 'exited' || container.state === 'dead')
        exitCode.set({ name }, container.exitCode)
    }
  }
}
