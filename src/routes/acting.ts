import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Inventory } from '../host/inventory.ts'
import type { Journal } from '../journal/journal.ts'
import { moment } from '../journal/measurement.ts'
import type { Runner } from '../remediation/runner.ts'
import { problem, refusal } from './problem.ts'

/** What these routes work on. */
export interface ActingPorts {
  readonly journal: Journal
  readonly runner: Runner
  readonly inventory: Inventory
}

const Reason = Type.String({
  minLength: 1,
  maxLength: 500,
  description: 'Why, for whoever finds it stopped.',
})

/** Whether anything is acted on. */
export const Acting = Type.Object(
  {
    acting: Type.Boolean(),
    since: Type.Optional(moment('Since when it is stopped.')),
    reason: Type.Optional(Reason),
  },
  { title: 'Acting', description: 'Whether anything is acted on; if not, since when and why.' },
)

const stopSchema = {
  operationId: 'stopActing',
  summary: 'Stop all acting',
  description: 'Also over restarts; counting goes on. Runs at work end at the next safe point.',
  tags: ['acting'],
  body: Type.Union([Type.Null(), Type.Object({ reason: Type.Optional(Reason) })]),
  response: { 200: Acting },
}

const resumeSchema = {
  operationId: 'resumeActing',
  summary: 'Go on acting',
  tags: ['acting'],
  response: { 200: Acting },
}

const releaseSchema = {
  operationId: 'releaseContainer',
  summary: 'Let a container be acted on again',
  description: 'Cooldown and failures of the past no longer hold pidwarden back; budgets do.',
  tags: ['acting'],
  params: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 300, description: 'Of the container.' }),
  }),
  response: {
    200: Type.Object({ name: Type.String(), released: Type.Literal(true) }, { description: 'It is.' }),
    404: refusal('No container of this name is here.'),
  },
}

/**
 * POST /api/stop: nothing is acted on any more, also after a restart; counting goes on. Runs at work end at the next
 * safe point. POST /api/resume: acting goes on. POST /api/containers/:name/release: cooldown and failures of the past
 * no longer keep pidwarden from acting on the container; budgets do.
 */
export function actingRoutes({ journal, runner, inventory }: ActingPorts): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/api/stop', { schema: stopSchema }, async (request) => {
      const { reason = 'stopped by a person' } = request.body ?? {}
      // First what is at work: it must end also where the stop cannot be written down.
      runner.halt({ outcome: 'cancelled', reason: 'acting_stopped', detail: reason })
      journal.stopActing(reason)
      request.log.warn({ reason }, 'all acting is stopped')
      return { acting: false, ...journal.stop() }
    })
    app.post('/api/resume', { schema: resumeSchema }, async (request) => {
      journal.resumeActing()
      request.log.warn('acting goes on')
      return { acting: true }
    })
    app.post('/api/containers/:name/release', { schema: releaseSchema }, async (request, reply) => {
      const { name } = request.params
      const isHere = inventory.containers().some((container) => container.name === name)
      // One that was removed may still wait for it.
      if (!isHere && journal.incidents.openOf(name) === undefined) {
        const detail = 'no container of this name is here; GET /api/containers lists them'
        return problem(reply, 404, 'Not found', detail)
      }
      journal.release(name)
      request.log.warn({ container: name }, 'the container is released')
      return { name, released: true as const }
    })
  }
}
