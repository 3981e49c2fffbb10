import type { CensusFamily } from './family.ts'

/** Who the container is. Everything but the name stands here alone, so that the other series survive a recreation. */
export const info: CensusFamily = (exposition) => {
  const identity = exposition.gauge('container_info', 'The container and its policy; always 1.', [
    'name',
    'id',
    'image',
    'mode',
    'preset',
    'profile',
    'compose_project',
    'compose_service',
  ])
  const errors = exposition.gauge(
    'container_policy_errors',
    'How many pidwarden.* labels of the container were refused; with any, it stays in observe mode.',
    ['name'],
  )
  return (observations) => {
    for (const { container, policy } of observations) {
      const { name, id, image, labels } = container
      const { mode, preset, profile } = policy
      const compose_project = labels['com.docker.compose.project'] ?? ''
      const compose_service = labels['com.docker.compose.service'] ?? ''
      identity.set({ name, id, image, mode, preset, profile, compose_project, compose_service }, 1)
      errors.set({ name }, policy.errors.length)
    }
  }
}
