import { defineAction } from '../action.ts'
import { endVictims, KillParameters, plan, printable } from '../kill.ts'
import { choices } from '../victims/choices.ts'

const choice = choices['kill-oldest']

/** Ends leaked instances, or any that nothing protects where the policy says so: the longest-lived first. */
export const killOldest = defineAction({
  name: 'kill-oldest',
  description:
    'Ends leaked instances, the longest-lived first, until the goal holds; any that nothing protects where the policy says `victims: any`.',
  acts: true,
  parameters: KillParameters,
  plan: (sighting, context, parameters) => printable(plan(sighting, choice, context, parameters)),
  run: (context, parameters) => endVictims(choice, context, parameters),
})
