import { defineAction } from '../action.ts'
import { endVictims, KillParameters, plan, printable } from '../kill.ts'
import { choices } from '../victims/choices.ts'

const choice = choices['kill-largest']

/** Ends leaked instances, or any that nothing protects where the policy says so: those with most memory first. */
export const killLargest = defineAction({
  name: 'kill-largest',
  description:
    'Ends leaked instances, those with most memory first, until the goal holds; any that nothing protects where the policy says `victims: any`.',
  acts: true,
  parameters: KillParameters,
  plan: (sighting, context, parameters) => printable(plan(sighting, choice, context, parameters)),
  run: (context, parameters) => endVictims(choice, context, parameters),
})
