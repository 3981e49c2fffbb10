import { type Static, Type } from 'typebox'
import { Measurement, moment } from './measurement.ts'
import { Ending } from './outcomes.ts'

/** Who asked for a run; escalation = the engine itself, because another run did not help. */
const Origin = Type.Enum(['alert', 'person', 'escalation'], {
  description: 'Who asked for it; escalation = pidwarden itself, because another run did not help.',
})
export type Origin = Static<typeof Origin>

const measured = { before: Type.Optional(Measurement), after: Type.Optional(Measurement) }

/** One execution of a playbook on one container. */
export const Run = Type.Object(
  {
    id: Type.String(),
    episodeId: Type.Integer({ description: 'The firing of the alert that it belongs to.' }),
    containerId: Type.String(),
    name: Type.String({ description: 'Of the container.' }),
    playbook: Type.String(),
    tier: Type.String(),
    resource: Type.String(),
    incidentId: Type.Optional(Type.Integer({ description: 'The incident that it belongs to.' })),
    escalates: Type.Optional(Type.String({ description: 'Of an escalation: the run that did not help.' })),
    aim: Type.Optional(
      Type.String({
        description:
          'Of an escalation: the tier that the alert has told of, and that is to be left; `tier` is that of the rung.',
      }),
    ),
    origin: Origin,
    dryRun: Type.Boolean({ description: 'Only plans, whatever the mode of the container.' }),
    state: Type.Enum(['queued', 'running', 'done']),
    ending: Type.Optional(Ending),
    createdAt: moment('When it was asked for.'),
    startedAt: Type.Optional(moment('When it began.')),
    endedAt: Type.Optional(moment('When it was over.')),
    ...measured,
  },
  { title: 'Run', description: 'One execution of a playbook on one container.' },
)
export type Run = Readonly<Static<typeof Run>>

/** What a run is about; it comes of an alert, and acts, unless told otherwise. */
export type NewRun = Omit<
  Run,
  'origin' | 'dryRun' | 'state' | 'ending' | 'createdAt' | 'startedAt' | 'endedAt' | 'before' | 'after'
> &
  Partial<Pick<Run, 'origin' | 'dryRun'>>

/** One rung of a run. */
export const Step = Type.Object(
  {
    id: Type.Integer(),
    action: Type.String(),
    startedAt: moment('When it began.'),
    endedAt: Type.Optional(moment('When it was over.')),
    ending: Type.Optional(Ending),
    plan: Type.Optional(
      Type.Unknown({
        description: 'What was decided and why: candidates ranked with a verdict each, or the evidence.',
      }),
    ),
    ...measured,
  },
  { title: 'Step', description: 'One rung of a run.' },
)
export type Step = Readonly<Static<typeof Step>>

/** Limits of a container, in base units; -1 = none. */
export const Limits = Type.Object(
  {
    pids: Type.Optional(Type.Integer({ description: 'Tasks.' })),
    memory: Type.Optional(Type.Integer({ description: 'Bytes.' })),
    memorySwap: Type.Optional(Type.Integer({ description: 'Memory and swap together, bytes.' })),
    memoryReservation: Type.Optional(Type.Integer({ description: 'Bytes.' })),
    cpu: Type.Optional(Type.Number({ description: 'Cores.' })),
  },
  { title: 'Limits', description: 'Limits of a container; -1 = none.' },
)
export type Limits = Readonly<Static<typeof Limits>>

/** What is done for a while only, and what takes it back. */
export const undoing = { clamp: 'unclamp', cap: 'uncap', pause: 'unpause' } as const
/** A kind of effect that is taken back. */
export type TemporaryKind = keyof typeof undoing

/**
 * Kinds of effects. stray: a container loses its network, because the one whose it shares is given a new life. clamp: of the PID limit; cap: of the CPU; limit: limits for good. rename to remove: the steps of a
 * recreation. drain: a session is closed through the API of the application.
 */
export const effectKinds = [
  'signal',
  'stop',
  'start',
  'stray',
  'clamp',
  'unclamp',
  'cap',
  'uncap',
  'pause',
  'unpause',
  'limit',
  'rename',
  'disconnect',
  'create',
  'connect',
  'remove',
  'drain',
] as const
/** One of the kinds of effects. */
export type EffectKind = (typeof effectKinds)[number]

/** An effect and its result: `sent`, `gone`, `changed`, `done`, `failed: …`; none = the process died in between. */
export const Effect = Type.Object(
  {
    id: Type.Integer(),
    kind: Type.Enum([...effectKinds], {
      description:
        'clamp: of the PID limit, cap: of the CPU, limit: limits for good; unclamp, uncap and unpause take back, as start does a stop. stray: it loses the network of the container that `object` names, and has no result until it has it again.',
    }),
    containerId: Type.Optional(
      Type.String({ description: 'Where it is another container than that of the run.' }),
    ),
    pid: Type.Optional(
      Type.Integer({ description: 'For signals: host pid and start time name the process.' }),
    ),
    startTicks: Type.Optional(Type.Integer({ description: 'Clock ticks after boot.' })),
    command: Type.Optional(Type.String({ description: 'As the metrics name it.' })),
    signal: Type.Optional(Type.String()),
    life: Type.Optional(
      Type.String({
        description:
          'For stops: StartedAt of the life that is ended; a container with another one was started since.',
      }),
    ),
    object: Type.Optional(
      Type.String({ description: 'What of: a name, a network, a session, another container.' }),
    ),
    limits: Type.Optional(Limits),
    limitsBefore: Type.Optional(Limits),
    until: Type.Optional(moment('For what outlives its run: when it is taken back at the latest.')),
    details: Type.Optional(Type.Unknown({ description: 'What is needed to take it back, or to know it.' })),
    intentAt: moment('When it was written down, before it happened.'),
    resultAt: Type.Optional(moment('When its result was known.')),
    result: Type.Optional(
      Type.String({
        description: 'sent, gone, changed, done, refused: … or failed: …; none = pidwarden ended in between.',
      }),
    ),
  },
  { title: 'Effect', description: 'Something that changes the world, and its result.' },
)
export type Effect = Readonly<Static<typeof Effect>>

/** Something that changes the world: written down before it happens, completed with what came back. */
export type NewEffect = Omit<Effect, 'id' | 'intentAt' | 'resultAt' | 'result'>

/** A run with all that happened in it. */
export const RunStory = Type.Object(
  {
    ...Run.properties,
    alert: Type.String({ description: 'What it is called; `ordered` when a person asked.' }),
    startsAt: Type.String({ description: 'Since when the alert fires.' }),
    receivedAt: moment('When the alert was delivered first.'),
    steps: Type.Immutable(
      Type.Array(
        Type.Object(
          { ...Step.properties, effects: Type.Immutable(Type.Array(Effect)) },
          { title: 'StepStory', description: 'One rung of a run with its effects.' },
        ),
      ),
    ),
  },
  { title: 'RunStory', description: 'A run with all that happened in it.' },
)
export type RunStory = Readonly<Static<typeof RunStory>>
