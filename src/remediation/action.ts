import type { Static, TObject, TProperties } from 'typebox'
import { Value } from 'typebox/value'
import type { Census, Observation } from '../census/observe.ts'
import type { Policy } from '../census/policy.ts'
import type { Tier } from '../census/presets.ts'
import type { Process } from '../census/process.ts'
import type { ContainerBuilder } from '../host/builder.ts'
import type { Clock } from '../host/clock.ts'
import type { Inventory, KnownContainer } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Recreation, Temporary } from '../journal/records.ts'
import type { Effects } from './effects.ts'
import { withDefaults } from './parameters.ts'
import type { TakenBack } from './recreate/take-back.ts'
import type { Sessions } from './sessions/watch.ts'
import type { RemediationSettings } from './settings.ts'

/** A container that could be measured: what decisions are made on. One that has crashed has no process to count. */
export interface Sighting extends Omit<Observation, 'census'> {
  readonly census: Census
}

/** What a plan is made with; nothing in here can change anything. */
export interface PlanContext {
  readonly tier: Tier
  readonly settings: RemediationSettings
  readonly procfs: Procfs
  /** Cores of the host: what a container without a limit can use. */
  readonly hostCores: number
  /** Pid of pidwarden itself. */
  readonly ownPid: number
  /** What containers are made from; it can only be looked at. */
  readonly builder: Pick<ContainerBuilder, 'list' | 'blueprint' | 'imageId'>
  /** What gateways keep for their clients. */
  readonly sessions: Sessions
  /** The other containers of the host, as Docker told of them last, and what their policies are. */
  readonly inventory: Pick<Inventory, 'containers' | 'refresh'>
  readonly policyOf: (container: KnownContainer) => Policy
  /** Whether a step has woken the process of late (SIGCHLD), and it did not wait for its children. */
  wokenInVain(process: Pick<Process, 'pid' | 'startTicks'>): boolean
  /** What was done for a while, by whichever run, and is not taken back. */
  temporaries(): readonly Temporary[]
  /** How often the container was restarted by pidwarden within so many seconds. */
  restartsSince(seconds: number): number
}

/** What an action works with while it is one step of a run. */
export interface StepContext extends PlanContext {
  readonly stepId: number
  /** True when a step of the run changes something: whoever only looks must not hold it up. */
  readonly acting: boolean
  /** Of the container that the run was admitted for. */
  readonly containerId: string
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
  /** The step before it in this run has failed, and this one is what the playbook has for that. */
  readonly afterFailure: boolean
  /** What Docker says of the container now. Throws RunStop when it is gone, DockerError when it cannot be asked. */
  refresh(): Promise<KnownContainer>
  /** Adds to the step's plan in the journal: what was seen, decided and why. */
  note(plan: unknown): void
  /**
   * Adds to the step's plan when the run is over, for what takes too long to be waited for before anything is done. It is
   * left out when it is undefined, when it fails, and when it takes long even then.
   */
  noteLater(plan: Promise<unknown>): void
  /** The last lines that the container has written, as they are: they may hold anything. Throws DockerError. */
  logs(lines: number): Promise<readonly string[]>
  /** Adds a sentence for people to how the run has ended, whatever that is. */
  remark(sentence: string): void
  /** A person has asked for the run, and knows why. */
  readonly ordered: boolean
  /** How often the container was restarted by pidwarden within the last hour. */
  restartsLastHour(): number
  /** Recreations that are not over, whoever has begun them. */
  recreations(): readonly Recreation[]
  /**
   * Puts in order what the step has done of a recreation, whether or not the run is cancelled; tried for `patience`
   * milliseconds, and afterwards in service. Throws SQLite's error.
   */
  takeBackRecreation(patience: number): Promise<TakenBack>
  /** The action has itself given the container a new life (restart, recreate): the run goes on with that one. */
  adopt(container: KnownContainer): void
}

/** One kind of thing that can be done, with parameters of its own. */
export interface ActionDefinition<Parameters extends TProperties> {
  readonly name: string
  /** What it does, for people. */
  readonly description: string
  /** True when it changes anything: such a step never runs in observe or dry-run mode. */
  readonly acts: boolean
  /** Whether a policy allows it beyond acting at all; it does when this is left out. */
  isAllowed?(policy: Policy): boolean
  /** What a step of a playbook may say beside the name. */
  readonly parameters: TObject<Parameters>
  /** What it would do now, printable, without doing it; a promise, where the engine has to be asked. */
  plan(sighting: Sighting, context: PlanContext, parameters: Static<TObject<Parameters>>): unknown
  /** Does it. Undefined = done, let the measurements speak; an Ending = the action itself knows better. */
  run(context: StepContext, parameters: Static<TObject<Parameters>>): Promise<Ending | undefined>
}

/** An action that has its parameters: one and the same for the plan and for the deed. */
export interface ReadyAction extends Pick<ActionDefinition<TProperties>, 'name' | 'acts'> {
  isAllowed(policy: Policy): boolean
  plan(sighting: Sighting, context: PlanContext): unknown
  run(context: StepContext): Promise<Ending | undefined>
}

/** One kind of thing that can be done. */
export interface Action
  extends Pick<ActionDefinition<TProperties>, 'name' | 'description' | 'acts' | 'parameters'> {
  /** Gives it the parameters of a step; none = all defaults. Throws TypeError when they do not fit the schema. */
  ready(given?: unknown): ReadyAction
}

/** Makes an action of its parts. */
export function defineAction<Parameters extends TProperties>(
  definition: ActionDefinition<Parameters>,
): Action {
  const { name, description, acts, parameters: schema } = definition
  return {
    name,
    description,
    acts,
    parameters: schema,
    ready(given = {}) {
      const parameters = withDefaults(schema, given)
      if (!Value.Check(schema, parameters))
        throw new TypeError(`${name} got parameters that it does not take`)
      return {
        name,
        acts,
        isAllowed: (policy) => definition.isAllowed?.(policy) ?? true,
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
