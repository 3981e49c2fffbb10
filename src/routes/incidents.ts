import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { JournalReader } from '../journal/reader.ts'
import { Deeds, Incident, RunStory } from '../journal/records.ts'
import { Standing } from '../remediation/incidents/standing.ts'
import { problem, refusal } from './problem.ts'

/** What these routes are told from. */
export interface IncidentPorts {
  readonly journal: JournalReader
  readonly standing: (incident: Incident) => Standing
}

/** How many runs are told with an incident, the newest. */
const told = 100

const Query = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'Of the container.' })),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many at most.' }),
  ),
})

const listSchema = {
  operationId: 'listIncidents',
  summary: 'Incidents, newest first',
  tags: ['incidents'],
  querystring: Query,
  response: {
    200: Type.Object(
      { incidents: Type.Immutable(Type.Array(Incident)) },
      { description: 'All, or those of one container.' },
    ),
  },
}

const IncidentStory = Type.Object(
  {
    ...Incident.properties,
    standing: Type.Optional(Standing),
    deeds: Deeds,
    runs: Type.Immutable(Type.Array(RunStory, { description: `The newest ${told}, oldest first.` })),
  },
  {
    title: 'IncidentStory',
    description:
      'An incident with everything that happened in it; while it is open, how the container stands.',
  },
)

const findSchema = {
  operationId: 'getIncident',
  summary: 'Everything that happened in one incident',
  tags: ['incidents'],
  params: Type.Object({ id: Type.Integer({ minimum: 1 }) }),
  response: { 200: IncidentStory, 404: refusal('There is no incident with this id.') },
}

/**
 * GET /api/incidents: the newest, newest first. GET /api/incidents/:id: one with its runs, everything that happened in
 * them, and while it is open what its recovery waits for.
 */
export function incidentRoutes({ journal, standing }: IncidentPorts): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/incidents', { schema: listSchema }, async ({ query: { limit = 100, name } }) => ({
      incidents: journal.incidents.recent(limit, name),
    }))
    app.get('/api/incidents/:id', { schema: findSchema }, async ({ params: { id } }, reply) => {
      const incident = journal.incidents.find(id)
      if (incident === undefined) {
        const detail = 'there is no incident with this id; GET /api/incidents lists them'
        return problem(reply, 404, 'Not found', detail)
      }
      const runs = journal.incidents.runs(id, told).flatMap((run) => journal.story(run.id) ?? [])
      const now = incident.recoveredAt === undefined ? { standing: standing(incident) } : {}
      return { ...incident, ...now, deeds: journal.incidents.deeds(id), runs }
    })
  }
}
