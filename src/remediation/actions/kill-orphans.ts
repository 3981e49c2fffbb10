import { defineAction } from '../action.ts'
import { KillParameters, killLeaked, plan, printable } from '../kill.ts'

/** Ends instances that were reparented away from where their siblings hang. Harmless to every profile. */
export const killOrphans = defineAction({
  name: 'kill-orphans',
  acts: true,
  parameters: KillParameters,
  plan: (sighting, context, parameters) => printable(plan(sighting, 'orphan', context, parameters)),
  run: (context, parameters) => killLeaked('orphan', context, parameters),
})
