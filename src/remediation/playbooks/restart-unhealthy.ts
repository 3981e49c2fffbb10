import type { ShippedPlaybook } from '../playbook.ts'

/** Restarts a container that is unhealthy, or that has crashed and does not run. Only where a threshold asks for it. */
export const restartUnhealthy: ShippedPlaybook = {
  name: 'restart-unhealthy',
  description: 'Restarts a container that is unhealthy; starts one that has crashed and does not run.',
  for: { resources: ['health'] },
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    {
      action: 'restart-container',
      // What takes minutes until it is healthy must not be taken for one that stays ill.
      with: { patience: 180 },
      goal: 'below-tier',
      wait: 10,
      onMiss: 'escalate',
    },
  ],
}
