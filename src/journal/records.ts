import type { Outcome, Reason } from './outcomes.ts'
import type { Effect, Limits, TemporaryKind } from './run-records.ts'

export { Deeds, Incident, Level, type NewIncident, type Resolution, resolutions } from './incident-records.ts'
export { Measurement } from './measurement.ts'
export {
  Effect,
  type EffectKind,
  effectKinds,
  Limits,
  type NewEffect,
  type NewRun,
  type Origin,
  Run,
  RunStory,
  Step,
  type TemporaryKind,
  undoing,
} from './run-records.ts'

/** One firing of one alert: fingerprint and startsAt name it, however often and by whomever it is delivered. */
export interface Episode {
  readonly id: number
  readonly fingerprint: string
  readonly startsAt: string
  readonly alert: string
  readonly containerId: string
  readonly name: string
  readonly playbook: string
  readonly tier: string
  readonly resource: string
  readonly receivedAt: number
  readonly deliveries: number
}

/** An episode as the webhook brings it. */
export type NewEpisode = Omit<Episode, 'id' | 'receivedAt' | 'deliveries'>

/** How many runs of an incident ended alike. */
export interface RunCount {
  readonly playbook: string
  /** Absent while they go on. */
  readonly outcome?: Outcome
  readonly reason?: Reason
  readonly count: number
}

/** A run that was let act. */
export interface Deed {
  readonly name: string
  readonly playbook: string
  readonly tier: string
  /** None while it goes on. */
  readonly outcome?: Outcome
  readonly reason?: Reason
  /** When it was let act, milliseconds since the epoch. */
  readonly at: number
  readonly endedAt?: number
  /** True when it has stopped or started a container, or may have. */
  readonly restarted?: boolean
  /** True when it is over, and has only woken parents of zombies or capped the CPU. */
  readonly gentle?: boolean
}

/** All acting is stopped. */
export interface Stop {
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly since: number
}

/** A container that was stopped here and has not been seen to run again. */
export interface Debt {
  readonly runId: string
  readonly stepId: number
  readonly containerId: string
  readonly name: string
  /** Its id, where it is another container than that of the run. */
  readonly ofOther?: string
  readonly life: string
  /** When the stop was begun, milliseconds since the epoch. */
  readonly at: number
}

/** Something that was done for a while and has not been taken back. */
export interface Temporary {
  readonly kind: TemporaryKind
  readonly runId: string
  readonly stepId: number
  readonly containerId: string
  readonly name: string
  /** StartedAt of the life that it was done to, where that matters. */
  readonly life?: string
  /** What became of it; none = not known. */
  readonly result?: string
  /** When it was done, and when it is taken back at the latest if it outlives its run; milliseconds since the epoch. */
  readonly at: number
  readonly until?: number
  /** What limits were set to, and what Docker had before. */
  readonly limits: Limits
  readonly limitsBefore: Limits
}

/** A container, with those that share its namespaces, that is being recreated, or was and is not put in order yet. */
export interface Recreation {
  readonly runId: string
  readonly stepId: number
  /** Of the run, and of its container. */
  readonly containerId: string
  readonly name: string
  /** All that was done in that step, in order. */
  readonly effects: readonly Effect[]
}

/** A container that lost its network by a restart of the one whose it shares, and is not known to have it again. */
export interface Stray {
  readonly runId: string
  readonly stepId: number
  readonly effectId: number
  readonly containerId: string
  /** Id and name of the one that was restarted. */
  readonly main: string
  readonly name: string
}

/** How often something happened, by its labels. */
export interface Tally<Labels extends string> {
  readonly labels: Readonly<Record<Labels, string>>
  readonly count: number
}

/** How long the runs of a playbook took. */
export interface Durations {
  readonly playbook: string
  /** Cumulative, as Prometheus counts them: runs that took so many seconds or less. */
  readonly buckets: readonly { readonly seconds: number; readonly count: number }[]
  readonly count: number
  readonly seconds: number
}
