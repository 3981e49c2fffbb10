import type { ShippedPlaybook } from '../playbook.ts'

/** By hand, when not even a restart helps: the container is made anew. */
export const recreate: ShippedPlaybook = {
  name: 'recreate',
  description:
    'Makes the container anew from the same image and configuration; the old one comes back unless the new one is well.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'recreate-container', goal: 'below-tier', onMiss: 'escalate' },
  ],
}
