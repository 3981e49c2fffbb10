import type { ShippedPlaybook } from '../playbook.ts'

/** Critical and emergency: end what is leaked, as the profile allows, until no candidate is left. */
export const cleanup: ShippedPlaybook = {
  name: 'cleanup',
  description:
    'Ends orphans, then what else has leaked, as the profile allows: duplicates, or abandoned sessions of the gateway.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'drain-sessions', profiles: ['metamcp'], onMiss: 'next', onError: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
