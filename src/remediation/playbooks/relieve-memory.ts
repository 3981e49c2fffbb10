import type { ShippedPlaybook } from '../playbook.ts'

/** Ends leaked instances, the largest first. The kernel takes back what they held a little later. */
export const relieveMemory: ShippedPlaybook = {
  name: 'relieve-memory',
  description: 'Ends leaked instances, the largest first, until the memory is below the tier.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-largest', goal: 'below-tier', wait: 10, onMiss: 'escalate' },
  ],
}
