import { type Static, Type } from 'typebox'
import { Measurement, moment } from './measurement.ts'

/** The level of people that an incident asks for; see `levelOf`. */
export const Level = Type.Enum([1, 2, 3, 4, 5], {
  description:
    'Who ought to know. 1: only the log, 2: operations, 3: engineering, 4: everybody, 5: a person must act.',
})
export type Level = Static<typeof Level>

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

/** Everything about one container from the first alert until it has recovered. */
export const Incident = Type.Object(
  {
    id: Type.Integer(),
    name: Type.String({
      description: 'Of the container; one incident is open for a name at a time.',
    }),
    containerId: Type.String(),
    alert: Type.String({ description: 'The alert that came first.' }),
    resource: Type.String({ description: 'What that alert is about.' }),
    tier: Type.String({ description: 'The highest tier that an alert has told of.' }),
    labels: Type.Record(Type.String(), Type.String(), {
      description: 'Labels of the first alert that say where it comes from: job and instance.',
    }),
    level: Level,
    peaks: Type.Partial(Measurement, { description: 'The most that was measured of each resource.' }),
    openedAt: moment('When it began.'),
    actedAt: Type.Optional(moment('When something was done for the first time.')),
    manual: Type.Optional(
      Type.Object(
        { since: moment('From when on.'), reason: Type.String() },
        { description: 'Set while a person is needed, and nothing is done without one.' },
      ),
    ),
    recoveredAt: Type.Optional(moment('When the container had recovered; absent while it has not.')),
    resolution: Type.Optional(Type.Enum([...resolutions], { description: 'How it came to its end.' })),
  },
  {
    title: 'Incident',
    description: 'Everything about one container from the first alert until it has recovered.',
  },
)
export type Incident = Readonly<Static<typeof Incident>>

/** What an incident begins with. */
export type NewIncident = Pick<Incident, 'name' | 'containerId' | 'alert' | 'resource' | 'tier' | 'labels'>

/** What was done in an incident. */
export const Deeds = Type.Object(
  {
    signals: Type.Integer({ description: 'Signals that were sent.' }),
    restarts: Type.Integer({ description: 'Times that the container was stopped.' }),
    unhelpful: Type.Integer({ description: 'Runs that acted and did not help.' }),
    ordered: Type.Integer({ description: 'Runs that a person ordered and that acted.' }),
  },
  { title: 'Deeds', description: 'What was done in an incident.' },
)
export type Deeds = Readonly<Static<typeof Deeds>>
