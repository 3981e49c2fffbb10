import type { Ending, Outcome, Reason } from './outcomes.ts'

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
  /** The incident that it belongs to. */
  readonly incidentId?: number
  /** Of an escalation: the run that did not help. */
  readonly escalates?: string
  /** Of an escalation: the tier that the alert has told of, and that is to be left; `tier` is that of the rung. */
  readonly aim?: string
}

/** Who asked for a run; escalation = the engine itself, because another run did not help. */
export type Origin = 'alert' | 'person' | 'escalation'

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

/** Kinds of effects; `unclamp` takes a clamp back, as `start` does a stop. */
export const effectKinds = ['signal', 'stop', 'start', 'clamp', 'unclamp'] as const
/** One of the kinds of effects. */
export type EffectKind = (typeof effectKinds)[number]

/** Something that changes the world: written down before it happens, completed with what came back. */
export interface NewEffect {
  readonly kind: EffectKind
  /** For signals: host pid and start time name the process. */
  readonly pid?: number
  readonly startTicks?: number
  readonly command?: string
  readonly signal?: string
  /** For stops: StartedAt of the life that is ended; a container with another one was started since. */
  readonly life?: string
  /** For a clamp of the PID limit: what it is set to, and what Docker had before; -1 = no limit. */
  readonly pidsLimit?: number
  readonly pidsLimitBefore?: number
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

/** The level of people that an incident asks for; see `levelOf`. */
export type Level = 1 | 2 | 3 | 4 | 5

/** How an incident came to its end. */
export const resolutions = [
  'cleaned_up',
  'restarted',
  'by_person',
  'by_itself',
  'container_stopped',
  'container_gone',
] as const
/** One of the ways in which an incident ends. */
export type Resolution = (typeof resolutions)[number]

/** What an incident begins with. */
export interface NewIncident {
  /** Of the container; one incident is open for a name at a time. */
  readonly name: string
  readonly containerId: string
  /** The alert that came first, and what it is about. */
  readonly alert: string
  readonly resource: string
  /** The highest tier that an alert has told of. */
  readonly tier: string
  /** Labels of the first alert that say where it comes from: job and instance. */
  readonly labels: Readonly<Record<string, string>>
}

/** Everything about one container from the first alert until it has recovered. */
export interface Incident extends NewIncident {
  readonly id: number
  /** The highest so far. */
  readonly level: Level
  /** The most that was measured of each resource. */
  readonly peaks: Partial<Measurement>
  /** Milliseconds since the epoch, as all times here. */
  readonly openedAt: number
  /** When something was done for the first time. */
  readonly actedAt?: number
  /** Set while a person is needed, and nothing is done without one. */
  readonly manual?: { readonly since: number; readonly reason: string }
  readonly recoveredAt?: number
  readonly resolution?: Resolution
}

/** What was done in an incident. */
export interface Deeds {
  /** Signals that were sent. */
  readonly signals: number
  /** Times that the container was stopped. */
  readonly restarts: number
  /** Runs that acted and did not help. */
  readonly unhelpful: number
  /** Runs that a person ordered and that acted. */
  readonly ordered: number
}

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

/** A PID limit that was set for a while and has not been taken back. */
export interface Clamp {
  readonly runId: string
  readonly stepId: number
  readonly containerId: string
  readonly name: string
  /** What it was set to, and what Docker had before; -1 = no limit. */
  readonly limit: number
  readonly before: number
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
