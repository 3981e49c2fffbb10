import { defineAction } from '../action.ts'
import { endVictims, PurgeParameters, plan, printable } from '../kill.ts'
import { choices } from '../victims/choices.ts'

const choice = choices.purge

/** Whoever orders it means all that there are. */
const any = { minimumAge: 0 }

/**
 * Ends every instance that nothing protects, of whatever age, leaked or not. Never called by an alert: a playbook that
 * has it must be orderedOnly.
 */
export const purge = defineAction({
  name: 'purge',
  description:
    'Ends every instance that nothing protects, of whatever age, leaked or not. For people to order.',
  acts: true,
  parameters: PurgeParameters,
  plan: (sighting, context, parameters) =>
    printable(plan(sighting, choice, context, { ...parameters, ...any })),
  run: (context, parameters) => endVictims(choice, context, { ...parameters, ...any }),
})
