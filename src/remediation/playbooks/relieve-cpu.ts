import type { ShippedPlaybook } from '../playbook.ts'

/** Ends leaked instances, the busiest first; caps the CPU for a while where that was not enough. */
export const relieveCpu: ShippedPlaybook = {
  name: 'relieve-cpu',
  description:
    'Ends leaked instances, the busiest first; caps the CPU for a while where that was not enough.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-busiest', goal: 'below-tier', onMiss: 'next' },
    // What is in use is told by two looks a second apart, and the first one was before the cap.
    { action: 'cap-cpu', fallback: true, goal: 'below-tier', wait: 5, onMiss: 'escalate' },
  ],
}
