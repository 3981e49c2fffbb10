import { defineAction } from '../action.ts'
import { endVictims, KillParameters, plan, printable } from '../kill.ts'
import { choices } from '../victims/choices.ts'

const choice = choices['kill-duplicates']

/** Ends instances beyond the allowed copies of their identity, where the profile allows it. */
export const killDuplicates = defineAction({
  name: 'kill-duplicates',
  description:
    'Ends instances beyond the allowed copies of their identity, where the profile allows it, the youngest first, until none is left.',
  acts: true,
  parameters: KillParameters,
  plan: (sighting, context, parameters) => printable(plan(sighting, choice, context, parameters)),
  run: (context, parameters) => endVictims(choice, context, parameters),
})
