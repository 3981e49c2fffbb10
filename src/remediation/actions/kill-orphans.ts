import type { Action } from '../action.ts'
import { killLeaked, plan, printable } from '../kill.ts'

/** Ends instances that were reparented away from where their siblings hang. Harmless to every profile. */
export const killOrphans: Action = {
  name: 'kill-orphans',
  acts: true,
  plan: (sighting, context) => printable(plan(sighting, 'orphan', context)),
  run: (context) => killLeaked('orphan', context),
}
