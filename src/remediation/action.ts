import type { Static, TObject, TProperties } from 'typebox'
import { Value } from 'typebox/value'
import type { Census, Observation } from '../census/observe.ts'
import type { Tier } from '../census/presets.ts'
import type { Clock } from '../host/clock.ts'
import type { KnownContainer } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Temporary } from '../journal/records.ts'
import type { Effects } from './effects.ts'
import { withDefaults } from './parameters.ts'
import type { RemediationSettings } from './settings.ts'

/** A container that could be measured: what decisions are made on. */
export interface Sighting extends Omit<Observation, 'census'> {
  readonly census: Census
}

/** What a plan is made with; nothing in here can change anything. */
export interface PlanContext {
  readonly tier: Tier
  readonly settings: RemediationSettings
  readonly procfs: Procfs
  /** Pid of pidwarden itself. */
  readonly ownPid: number
}

/** What an action works with while it is one step of a run. */
export interface StepContext extends PlanContext {
  readonly stepId: number
  readonly clock: Clock
  readonly effects: Effects
  /** Aborts when the run is cancelled, superseded or out of time; looked at between effects, never inside one. */
  readonly signal: AbortSignal
  /**
   * Looks at the target again, from the kernel, and makes sure that it still is the container that the run was
   * admitted for. Throws RunStop when it is not, or when it cannot be measured: unknown never acts.
   */
  look(): Promise<Sighting>
  /** What the run has seen last. Nothing of the run has touched the container since. */
  seen(): Sighting
  /** Whether what the step is for is reached: the goal that is next in the playbook. */
  isCleared(sighting: Sighting): boolean
  /** What Docker says of the container now. Throws RunStop when it is gone, DockerError when it cannot be asked. */
  refresh(): Promise<KnownContainer>
  /** Adds to the step's plan in the journal: what was seen, decided and why. */
  note(plan: unknown): void
  /** What was done for a while, by whichever run, and is not taken back. */
  temporaries(): readonly Temporary[]
  /** How often the container was restarted by pidwarden within the last hour. */
  restartsLastHour(): number
  /** The action has itself given the container a new life (restart): the run goes on with that one. */
  adopt(container: KnownContainer): void
}

/** One kind of thing that can be done, with parameters of its own. */
export interface ActionDefinition<Parameters extends TProperties> {
  readonly name: string
  /** True when it changes anything: such a step never runs in observe or dry-run mode. */
  readonly acts: boolean
  /** What a step of a playbook may say beside the name. */
  readonly parameters: TObject<Parameters>
  /** What it would do now, printable, without doing it. */
  plan(sighting: Sighting, context: PlanContext, parameters: Static<TObject<Parameters>>): unknown
  /** Does it. Undefined = done, let the measurements speak; an Ending = the action itself knows better. */
  run(context: StepContext, parameters: Static<TObject<Parameters>>): Promise<Ending | undefined>
}

/** An action that has its parameters: one and the same for the plan and for the deed. */
export interface ReadyAction extends Pick<ActionDefinition<TProperties>, 'name' | 'acts'> {
  plan(sighting: Sighting, context: PlanContext): unknown
  run(context: StepContext): Promise<Ending | undefined>
}

/** One kind of thing that can be done. */
export interface Action extends Pick<ActionDefinition<TProperties>, 'name' | 'acts' | 'parameters'> {
  /** Gives it the parameters of a step; none = all defaults. Throws TypeError when they do not fit the schema. */
  ready(given?: unknown): ReadyAction
}

/** Makes an action of its parts. */
export function defineAction<Parameters extends TProperties>(
  definition: ActionDefinition<Parameters>,
): Action {
  const { name, acts, parameters: schema } = definition
  return {
    name,
    acts,
    parameters: schema,
    ready(given = {}) {
      const parameters = withDefaults(schema, given)
      if (!Value.Check(schema, parameters))
        throw new TypeError(`${name} got parameters that it does not take`)
      return {
        name,
        acts,
        plan: (sighting, context) => definition.plan(sighting, context, parameters),
        run: (context) => definition.run(context, parameters),
      }
    },
  }
}

/** Ends a run from within a step with a known outcome; not a failure of the program. */
export class RunStop extends Error {
  override readonly name = 'RunStop'
  readonly ending: Ending

  constructor(ending: Ending) {
    super(ending.detail ?? ending.reason)
    this.ending = ending
  }
}
