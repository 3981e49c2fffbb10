import type { ShippedPlaybook } from '../playbook.ts'

/**
 * Nuclear: clean up first, measure again, and restart the container only if that missed; make it anew only if that did
 * not help either, and the policy allows it.
 */
export const restart: ShippedPlaybook = {
  name: 'restart',
  description:
    'Cleans up; only if the container is still above the tier afterwards, stops and starts it, and where that does not help either, makes it anew if the policy allows it.',
  steps: [
    { action: 'collect-evidence', onMiss: 'next' },
    { action: 'kill-orphans', onMiss: 'next' },
    { action: 'drain-sessions', profiles: ['metamcp'], onMiss: 'next', onError: 'next' },
    { action: 'kill-duplicates', goal: 'below-tier', onMiss: 'next' },
    {
      action: 'restart-container',
      // A second explosion within a day meets the stricter limits, a third one people.
      with: { secondWithin: 86_400 },
      goal: 'below-tier',
      onMiss: 'next',
      onError: 'next',
    },
    {
      action: 'recreate-container',
      ifAllowed: true,
      fallback: true,
      goal: 'below-tier',
      onMiss: 'escalate',
    },
  ],
}
