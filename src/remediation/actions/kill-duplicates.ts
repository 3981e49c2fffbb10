import type { Action } from '../action.ts'
import { killLeaked, plan, printable } from '../kill.ts'

/** Ends instances beyond the allowed copies of their identity, where the profile allows it. */
export const killDuplicates: Action = {
  name: 'kill-duplicates',
  acts: true,
  plan: (sighting, context) => printable(plan(sighting, 'duplicate', context)),
  run: (context) => killLeaked('duplicate', context),
}
