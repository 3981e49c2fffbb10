import type { ShippedPlaybook } from '../playbook.ts'

/** Ends leaked instances, the busiest first; caps the CPU for a while where that was not enough. */
export const relieveCpu: ShippedPlaybook = {
  name: 'relieve-cpu',
  description:
    'Ends leaked instances, the busiest first; caps the CPU for a while where that was not enough.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
