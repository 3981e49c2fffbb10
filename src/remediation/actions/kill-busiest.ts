import { defineAction } from '../action.ts'
import { endVictims, KillParameters, plan, printable } from '../kill.ts'
import { choices } from '../victims/choices.ts'

const choice = choices['kill-busiest']

/** Ends leaked instances, or any that nothing protects where the policy says so: those that use most CPU first. */
export const killBusiest = defineAction({
  name: 'kill-busiest',
  description:
    'Ends leaked instances, those that use most CPU first, until the goal holds; any that nothing protects where the policy says `victims: any`.',
  acts: true,
  parameters: KillParameters,
  plan: (sighting, context, parameters) => printable(plan(sighting, choice, context, parameters)),
  run: (context, parameters) => endVictims(choice, context, parameters),
})
