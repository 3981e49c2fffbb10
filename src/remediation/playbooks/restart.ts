import type { ShippedPlaybook } from '../playbook.ts'

/** Nuclear: clean up first, measure again, and restart the container only if that missed. */
export const restart: ShippedPlaybook = {
  name: 'restart',
  description: 'Cleans up; only if the container is still above the tier afterwards, stops and starts it.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'next' },
    { action: 'restart-container', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
