import type { Ending, Outcome } from './outcomes.ts'

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

/** A value of the container's resources at one moment; absent where it could not be read. */
export interface Measurement {
  readonly processes: number
  readonly duplicates: number
  readonly orphans: number
  readonly pids?: number
  /** Working set, bytes. */
  readonly memory?: number
  /** Cores in use. */
  readonly cpu?: number
}

/** What a run is about. */
export interface NewRun {
  readonly id: string
  readonly episodeId: number
  readonly containerId: string
  readonly name: string
  readonly playbook: string
  readonly tier: string
  readonly resource: string
  /** An alert unless told otherwise. */
  readonly origin?: Origin
  readonly dryRun?: boolean
}

/** Who asked for a run. */
export type Origin = 'alert' | 'person'

/** One execution of a playbook on one container. */
export interface Run extends NewRun {
  readonly origin: Origin
  /** Only plans, whatever the mode of the container. */
  readonly dryRun: boolean
  readonly state: 'queued' | 'running' | 'done'
  readonly ending?: Ending
  readonly createdAt: number
  readonly startedAt?: number
  readonly endedAt?: number
  readonly before?: Measurement
  readonly after?: Measurement
}

/** One rung of a run. */
export interface Step {
  readonly id: number
  readonly action: string
  readonly startedAt: number
  readonly endedAt?: number
  readonly ending?: Ending
  /** What was decided and why: candidates ranked with a verdict each, or the evidence. */
  readonly plan?: unknown
  readonly before?: Measurement
  readonly after?: Measurement
}

/** Something that changes the world: written down before it happens, completed with what came back. */
export interface NewEffect {
  readonly kind: 'signal' | 'stop' | 'start'
  /** For signals: host pid and start time name the process. */
  readonly pid?: number
  readonly startTicks?: number
  readonly command?: string
  readonly signal?: string
  /** For stops: StartedAt of the life that is ended; a container with another one was started since. */
  readonly life?: string
}

/** An effect and its result: `sent`, `gone`, `changed`, `done`, `failed: …`; none = the process died in between. */
export interface Effect extends NewEffect {
  readonly id: number
  readonly intentAt: number
  readonly resultAt?: number
  readonly result?: string
}

/** A run with all that happened in it. */
export interface RunStory extends Run {
  readonly alert: string
  readonly startsAt: string
  readonly receivedAt: number
  readonly steps: readonly (Step & { readonly effects: readonly Effect[] })[]
}

/** A run that was let act. */
export interface Deed {
  readonly name: string
  readonly playbook: string
  readonly tier: string
  /** None while it goes on. */
  readonly outcome?: Outcome
  /** When it was let act, milliseconds since the epoch. */
  readonly at: number
  readonly endedAt?: number
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
  readonly life: string
  /** When the stop was begun, milliseconds since the epoch. */
  readonly at: number
}

/** How often something happened, by its labels. */
export interface Tally<Labels extends string> {
  readonly labels: Readonly<Record<Labels, string>>
  readonly count: number
}
