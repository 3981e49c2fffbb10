import type { ShippedPlaybook } from '../playbook.ts'

/** Emergency: stop growth first, then clean up; the limit is taken back at the end, whatever that is. */
export const contain: ShippedPlaybook = {
  name: 'contain',
  description: 'Holds the number of tasks where it is while orphans, then duplicates, are ended.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'clamp-pids', onMiss: 'next', onError: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
