import type { ShippedPlaybook } from '../playbook.ts'

/** Sets the limits that the policy wants, and makes sure that the kernel holds them. */
export const enforceLimits: ShippedPlaybook = {
  name: 'enforce-limits',
  description: 'Sets the limits that the policy wants, and makes sure that the kernel holds them.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'enforce-limits', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
