import type { ShippedPlaybook } from '../playbook.ts'

/** Ordered, or where the policy names it: let a gateway close the sessions that its clients have left. */
export const drain: ShippedPlaybook = {
  name: 'drain',
  description: 'Ends orphans, then has the gateway close sessions that were abandoned, one at a time.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'drain-sessions', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
