import { type Static, Type } from 'typebox'
import type { Policy } from '../census/policy.ts'
import { type Resource, resources, type Tier, tiers } from '../census/presets.ts'
import { profileNames } from '../census/profiles.ts'
import type { ReadyAction } from './action.ts'
import type { actions } from './actions/index.ts'

/** The name of an action. */
export type ActionName = keyof typeof actions

const closed = { additionalProperties: false } as const

/** What must hold after a step for the run to be over. */
export const Goal = Type.Enum(['below-tier', 'below-warning'], {
  description:
    'below-tier: the alerted resource is below the threshold of the tier that called the playbook. below-warning: it is below its warning threshold, or that of its lowest tier where there is no warning.',
})
export type Goal = Static<typeof Goal>

const endings = ['next', 'stop', 'escalate'] as const

/** What follows a step that missed or failed: the next step, the end of the run, or its end with a call for more. */
export type Miss = (typeof endings)[number]

/** One rung of a playbook. */
export const Step = Type.Object(
  {
    action: Type.String({ minLength: 1, maxLength: 64, description: 'What is done.' }),
    with: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'Parameters of the action; what is left out is as `remediation` says.',
      }),
    ),
    profiles: Type.Optional(
      Type.Array(Type.Enum(profileNames), {
        minItems: 1,
        description: 'The step is left out for containers of any other profile.',
      }),
    ),
    ifAllowed: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'True: where the policy does not allow the action, the step is left out. Otherwise it is refused, and the run says so.',
      }),
    ),
    fallback: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'True: only taken when the step before it failed or missed its goal, also when a person orders the playbook, who gets every other step whatever is measured.',
      }),
    ),
    goal: Type.Optional(Goal),
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 3600,
        default: 0,
        description: 'How long the goal is waited for; over as soon as it holds. Seconds.',
      }),
    ),
    onMiss: Type.Enum([...endings], {
      description: 'What follows when the goal does not hold afterwards, or when there is none.',
    }),
    onError: Type.Optional(
      Type.Enum([...endings], {
        default: 'escalate',
        description:
          'What follows when the step fails. Next: the failure is written down, and the run goes on.',
      }),
    ),
  },
  closed,
)
export type Step = Static<typeof Step>

/** What a playbook may be called for. */
const For = Type.Object(
  {
    tiers: Type.Optional(
      Type.Array(Type.Enum([...tiers]), { minItems: 1, description: 'All tiers when left out.' }),
    ),
    resources: Type.Optional(
      Type.Array(Type.Enum([...resources]), { minItems: 1, description: 'All resources when left out.' }),
    ),
  },
  closed,
)

/** A named ladder of steps, as data. */
export const Playbook = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]*$', maxLength: 64 }),
    description: Type.String({ minLength: 1, maxLength: 500 }),
    for: Type.Optional(For),
    orderedOnly: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Only a person may call it, whatever `for` says: an alert never does.',
      }),
    ),
    steps: Type.Array(Step, { minItems: 1, maxItems: 50 }),
  },
  closed,
)
export type Playbook = Static<typeof Playbook>

/** The section of the configuration file. */
export const OwnPlaybooks = Type.Array(Playbook, {
  default: [],
  description: 'Playbooks beside the shipped ones; one of the same name takes the place of the shipped one.',
})

/** A playbook whose actions are known to exist. */
export type ShippedPlaybook = Omit<Playbook, 'steps'> & { steps: (Step & { action: ActionName })[] }

/** A step that can be taken: its action is found, and has its parameters. */
export interface ReadyStep {
  readonly action: ReadyAction
  /** Whether it is a step for the containers of a policy. */
  isFor(policy: Policy): boolean
  /** Only for when the step before it failed or missed its goal, whoever asks for the playbook. */
  readonly fallback: boolean
  readonly goal: Goal | undefined
  /** Seconds. */
  readonly wait: number
  readonly onMiss: Miss
  readonly onError: Miss
}

/** A playbook that can be carried out. */
export interface ReadyPlaybook {
  readonly name: string
  readonly description: string
  readonly steps: readonly ReadyStep[]
  /** True when a step of it changes anything. */
  readonly acts: boolean
  /** Whether an alert of this tier and resource may call it. */
  isFor(tier: Tier, resource: Resource): boolean
}

/**
 * The steps of a playbook for the containers of a policy. Where the last ones are left out, the one before them ends the
 * run as they would.
 */
export function stepsFor({ steps }: Pick<ReadyPlaybook, 'steps'>, policy: Policy): readonly ReadyStep[] {
  const taken = steps.filter((step) => step.isFor(policy))
  const [written, last] = [steps.at(-1), taken.at(-1)]
  if (written === undefined || last === undefined || written === last) return taken
  const onMiss = last.onMiss === 'next' ? written.onMiss : last.onMiss
  const onError = last.onError === 'next' ? written.onError : last.onError
  return [...taken.slice(0, -1), { ...last, onMiss, onError }]
}

/** Whether an alert of this tier and resource may call a playbook, as it is written. */
export function isFor(
  { for: only, orderedOnly = false }: Pick<Playbook, 'for' | 'orderedOnly'>,
  tier: Tier,
  resource: Resource,
): boolean {
  if (orderedOnly) return false
  return (only?.tiers?.includes(tier) ?? true) && (only?.resources?.includes(resource) ?? true)
}
