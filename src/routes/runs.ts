import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { JournalReader } from '../journal/reader.ts'
import { Run, RunStory } from '../journal/records.ts'
import { problem, refusal } from './problem.ts'

/** How many runs a list holds. */
const listed = 100

const listSchema = {
  operationId: 'listRuns',
  summary: 'What was done, newest first',
  tags: ['runs'],
  response: {
    200: Type.Object(
      { runs: Type.Immutable(Type.Array(Run)) },
      { description: `The newest, ${listed} at most.` },
    ),
  },
}

const findSchema = {
  operationId: 'getRun',
  summary: 'Everything that happened in one run',
  tags: ['runs'],
  params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
  response: { 200: RunStory, 404: refusal('There is no run with this id.') },
}

/** GET /api/runs: the newest, newest first. GET /api/runs/:id: everything that happened in one. */
export function runRoutes(journal: JournalReader): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/runs', { schema: listSchema }, async () => ({ runs: journal.recentRuns(listed) }))
    app.get('/api/runs/:id', { schema: findSchema }, async (request, reply) => {
      const story = journal.story(request.params.id)
      return (
        story ?? problem(reply, 404, 'Not found', 'there is no run with this id; GET /api/runs lists them')
      )
    })
  }
}
