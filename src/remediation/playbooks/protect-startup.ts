import type { ShippedPlaybook } from '../playbook.ts'

/** Holds the number of tasks of a container that explodes right after its start, and lets go step by step. */
export const protectStartup: ShippedPlaybook = {
  name: 'protect-startup',
  description:
    'Holds the number of tasks of a container that explodes right after its start, and lets go step by step.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    // A server that cannot start is given up by MetaMCP for good.
    {
      action: 'clamp-pids',
      profiles: ['unknown', 'generic'],
      with: { hold: 600 },
      onMiss: 'next',
      onError: 'next',
    },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
