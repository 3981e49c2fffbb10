import { type Static, Type } from 'typebox'
import type { actions } from './actions/index.ts'

/** The name of an action. */
export type ActionName = keyof typeof actions

/** What must hold after a step for the run to be over. */
export const Goal = Type.Enum(['below-tier'], {
  description:
    'below-tier: the alerted resource is below the threshold of the tier that called the playbook.',
})

/** One rung of a playbook. */
export const Step = Type.Object(
  {
    action: Type.String({ minLength: 1 }),
    goal: Type.Optional(Goal),
    onMiss: Type.Enum(['next', 'stop'], {
      description: 'What happens when the goal does not hold afterwards.',
    }),
  },
  { additionalProperties: false },
)

/** A named ladder of steps, as data. */
export const Playbook = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]*$' }),
    description: Type.String({ minLength: 1 }),
    steps: Type.Array(Step, { minItems: 1 }),
  },
  { additionalProperties: false },
)
export type Playbook = Static<typeof Playbook>

/** A playbook whose actions are known to exist. */
export type ShippedPlaybook = Omit<Playbook, 'steps'> & {
  readonly steps: readonly (Omit<Static<typeof Step>, 'action'> & { readonly action: ActionName })[]
}
