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

/** Kinds of effects; `unclamp` takes a clamp back, as `start` does a stop. */
export const effectKinds = ['signal', 'stop', 'start', 'clamp', 'unclamp'] as const
/** One of the kinds of effects. */
export type EffectKind = (typeof effectKinds)[number]

/** An effect and its result: `sent`, `gone`, `changed`, `done`, `failed: …`; none = the process died in between. */
export const Effect = Type.Object(
  {
    id: Type.Integer(),
    kind: Type.Enum([...effectKinds], {
      description: 'unclamp takes a clamp of the PID limit back, as start does a stop.',
    }),
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
    pidsLimit: Type.Optional(
      Type.Integer({ description: 'For a clamp of the PID limit: what it is set to; -1 = no limit.' }),
    ),
    pidsLimitBefore: Type.Optional(Type.Integer({ description: 'What Docker had before; -1 = no limit.' })),
    intentAt: moment('When it was written down, before it happened.'),
    resultAt: Type.Optional(moment('When its result was known.')),
    result: Type.Optional(
      Type.String({
        description: 'sent, gone, changed, done or failed: …; none = pidwarden ended in between.',
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
