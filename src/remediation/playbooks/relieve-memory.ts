import type { ShippedPlaybook } from '../playbook.ts'

/** Ends leaked instances, the largest first, until the memory is below the tier. */
export const relieveMemory: ShippedPlaybook = {
  name: 'relieve-memory',
  description: 'Ends leaked instances, the largest first, until the memory is below the tier.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
