import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { JournalReader } from '../journal/reader.ts'
import type { Incident } from '../journal/records.ts'
import type { Standing } from '../remediation/incidents/watch.ts'
import { problem } from './problem.ts'

/** What these routes are told from. */
export interface IncidentPorts {
  readonly journal: JournalReader
  readonly standing: (incident: Incident) => Standing
}

/** How many runs are told with an incident, the newest. */
const told = 100

const Query = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'Of the container.' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
})

/**
 * GET /api/incidents: the newest, newest first. GET /api/incidents/:id: one with its runs, everything that happened in
 * them, and while it is open what its recovery waits for.
 */
export function incidentRoutes({ journal, standing }: IncidentPorts): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/incidents',
      { schema: { querystring: Query } },
      async ({ query: { limit = 100, name } }) => ({
        incidents: journal.incidents.recent(limit, name),
      }),
    )
    app.get(
      '/api/incidents/:id',
      { schema: { params: Type.Object({ id: Type.Integer({ minimum: 1 }) }) } },
      async ({ params: { id } }, reply) => {
        const incident = journal.incidents.find(id)
        if (incident === undefined) {
          const detail = 'there is no incident with this id; GET /api/incidents lists them'
          return problem(reply, 404, 'Not found', detail)
        }
        const runs = journal.incidents.runs(id, told).flatMap((run) => journal.story(run.id) ?? [])
        const now = incident.recoveredAt === undefined ? { standing: standing(incident) } : {}
        return { ...incident, ...now, deeds: journal.incidents.deeds(id), runs }
      },
    )
  }
}
