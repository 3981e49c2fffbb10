import type { ShippedPlaybook } from '../playbook.ts'

/**
 * Wakes the parents of zombies, so that they are waited for. Ends there where that does not help: what goes further, for
 * ten of them, would do more harm than they. From a higher tier on the policy calls for `restart`.
 */
export const reap: ShippedPlaybook = {
  name: 'reap',
  description: 'Wakes the parents of zombies (SIGCHLD), so that they are waited for. Ends nothing.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'reap-zombies', goal: 'below-tier', wait: 2, onMiss: 'stop', onError: 'stop' },
  ],
}
