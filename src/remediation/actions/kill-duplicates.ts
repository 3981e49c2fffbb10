import { defineAction } from '../action.ts'
import { KillParameters, killLeaked, plan, printable } from '../kill.ts'

/** Ends instances beyond the allowed copies of their identity, where the profile allows it. */
export const killDuplicates = defineAction({
  name: 'kill-duplicates',
  acts: true,
  parameters: KillParameters,
  plan: (sighting, context, parameters) => printable(plan(sighting, 'duplicate', context, parameters)),
  run: (context, parameters) => killLeaked('duplicate', context, parameters),
})
