import type { ShippedPlaybook } from '../playbook.ts'

/**
 * Emergency: stop growth first, then clean up; the limit is taken back at the end, whatever that is. Only where what was
 * ended comes back is there somebody left to end for the last step, which disturbs everybody in the container.
 */
export const contain: ShippedPlaybook = {
  name: 'contain',
  description:
    'Holds the number of tasks where it is while orphans, then duplicates, are ended; those that come back faster than that are ended at one stroke, under a pause.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    // A server that cannot start is given up by MetaMCP for good.
    { action: 'clamp-pids', profiles: ['unknown', 'generic'], onMiss: 'next', onError: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'drain-sessions', profiles: ['metamcp'], onMiss: 'next', onError: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'next' },
    { action: 'pause-and-kill', fallback: true, goal: 'below-tier', onMiss: 'escalate' },
  ],
}
