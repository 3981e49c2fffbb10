import type { ShippedPlaybook } from '../playbook.ts'

/** The last thing before a restart, for a person to order: ends everything that nothing protects, leaked or not. */
export const purge: ShippedPlaybook = {
  name: 'purge',
  description:
    'Ends every instance that nothing protects, leaked or not. Ordered by people only, never called by an alert.',
  orderedOnly: true,
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'purge', onMiss: 'stop' },
  ],
}
