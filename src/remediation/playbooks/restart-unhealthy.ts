import type { ShippedPlaybook } from '../playbook.ts'

/** Restarts a container that is unhealthy, or that has crashed and does not run. */
export const restartUnhealthy: ShippedPlaybook = {
  name: 'restart-unhealthy',
  description: 'Restarts a container that is unhealthy, or that has crashed and does not run.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
