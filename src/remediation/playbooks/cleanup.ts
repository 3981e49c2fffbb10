import type { ShippedPlaybook } from '../playbook.ts'

/** Critical and emergency: end what is leaked, as the profile allows, until no candidate is left. */
export const cleanup: ShippedPlaybook = {
  name: 'cleanup',
  description: 'Ends orphans, then duplicates where the profile allows it, until no candidate is left.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
