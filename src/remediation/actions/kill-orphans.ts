import { defineAction } from '../action.ts'
import { endVictims, KillParameters, plan, printable } from '../kill.ts'
import { choices } from '../victims/choices.ts'

const choice = choices['kill-orphans']

/** Ends instances that were reparented away from where their siblings hang. Harmless to every profile. */
export const killOrphans = defineAction({
  name: 'kill-orphans',
  description:
    'Ends instances that were reparented away from where their siblings hang, until none is left. Harmless to every profile.',
  acts: true,
  parameters: KillParameters,
  plan: (sighting, context, parameters) => printable(plan(sighting, choice, context, parameters)),
  run: (context, parameters) => endVictims(choice, context, parameters),
})
