import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { JournalReader } from '../journal/reader.ts'
import { problem } from './problem.ts'

/** How many runs a list holds. */
const listed = 100

/** GET /api/runs: the newest, newest first. GET /api/runs/:id: everything that happened in one. */
export function runRoutes(journal: JournalReader): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/runs', async () => ({ runs: journal.recentRuns(listed) }))
    app.get(
      '/api/runs/:id',
      { schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) } },
      async (request, reply) => {
        const story = journal.story(request.params.id)
        return (
          story ?? problem(reply, 404, 'Not found', 'there is no run with this id; GET /api/runs lists them')
        )
      },
    )
  }
}
