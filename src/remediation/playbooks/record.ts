import type { ShippedPlaybook } from '../playbook.ts'

/** Warning: look, keep the evidence, touch nothing. */
export const record: ShippedPlaybook = {
  name: 'record',
  description: 'Keeps what a person needs to see later: commands, tree, memory. Touches nothing.',
  steps: [{ action: 'collect-evidence', onMiss: 'next' }],
}
