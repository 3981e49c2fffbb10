import type { ShippedPlaybook } from '../playbook.ts'

/** Wakes the parents of zombies, so that they are waited for. */
export const reap: ShippedPlaybook = {
  name: 'reap',
  description: 'Wakes the parents of zombies, so that they are waited for.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
