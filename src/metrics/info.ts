import { type CensusFamily, gauge, reset } from './family.ts'

/** Who the container is. Everything but the name stands here alone, so that the other series survive a recreation. */
export const info: CensusFamily = (registry) => {
  const identity = gauge(registry, 'container_info', 'The container and its policy; always 1.', [
    'name',
    'id',
    'image',
    'mode',
    'preset',
    'profile',
    'compose_project',
    'compose_service',
  ])
  const started = gauge(
    registry,
    'container_start_time_seconds',
    'When the container was started, Unix time.',
    ['name'],
  )
  const errors = gauge(
    registry,
    'container_policy_errors',
    'How many pidwarden.* labels of the container were refused; with any, it stays in observe mode.',
    ['name'],
  )
  return (observations) => {
    reset([identity, started, errors])
    for (const { container, policy } of observations) {
      const { name, id, image, labels } = container
      const { mode, preset, profile } = policy
      const compose_project = labels['com.docker.compose.project'] ?? ''
      const compose_service = labels['com.docker.compose.service'] ?? ''
      identity.set({ name, id, image, mode, preset, profile, compose_project, compose_service }, 1)
      errors.set({ name }, policy.errors.length)
      const startedAt = Date.parse(container.startedAt)
      // A container that never ran has the zero time of Go, year 1.
      if (startedAt > 0) started.set({ name }, startedAt / 1000)
    }
  }
}
