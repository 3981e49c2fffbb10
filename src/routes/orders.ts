import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { DockerError } from '../host/docker.ts'
import { RunStory } from '../journal/records.ts'
import { type OrderPorts, order } from '../remediation/order.ts'
import { problem, refusal } from './problem.ts'

const schema = {
  operationId: 'orderPlaybook',
  summary: 'Plan a playbook for a container, or carry it out',
  description:
    'Nothing is touched unless dryRun is false; then it is queued, whatever tier is reached, if the container has opted in.',
  tags: ['acting'],
  params: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 300, description: 'Of the container.' }),
    playbook: Type.String({ minLength: 1, maxLength: 100 }),
  }),
  querystring: Type.Object({
    dryRun: Type.Optional(
      Type.Enum(['true', 'false'], { default: 'true', description: 'Whether it is only planned.' }),
    ),
  }),
  response: {
    200: RunStory,
    202: Type.Object(
      { runId: Type.String() },
      { description: 'It is queued; GET /api/runs/:id tells of it.' },
    ),
    404: refusal('There is no such container, or no such playbook.'),
    409: refusal('It is refused; the detail begins with the reason.'),
    503: refusal('Docker is away; retry later.'),
  },
}

/**
 * POST /api/containers/:name/playbooks/:playbook: the plan, and nothing is touched; with ?dryRun=false it is queued.
 * 404 unknown, 409 refused with the reason.
 */
export function orderRoutes(ports: OrderPorts): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/api/containers/:name/playbooks/:playbook', { schema }, async (request, reply) => {
      const { name, playbook: wanted } = request.params
      const container = ports.runs.inventory.containers().find((one) => one.name === name)
      if (container === undefined) {
        return problem(
          reply,
          404,
          'Not found',
          'no container of this name is here; GET /api/containers lists them',
        )
      }
      const playbooks = ports.runs.playbooks()
      const playbook = playbooks.find(wanted)
      if (playbook === undefined) {
        const names = playbooks.all.map((one) => one.name).join(', ')
        return problem(reply, 404, 'Not found', `there is no such playbook; there are ${names}`)
      }
      try {
        const ordered = await order(playbook, container, request.query.dryRun !== 'false', ports)
        if (ordered.kind === 'queued') return reply.code(202).send({ runId: ordered.runId })
        if (ordered.kind === 'planned') return ordered.story
        const { reason, detail } = ordered.ending
        return problem(reply, 409, 'Refused', `${reason}: ${detail ?? 'see GET /api/containers'}`)
      } catch (error) {
        if (!(error instanceof DockerError)) throw error
        return problem(reply, 503, 'Docker is away', `retry later: ${error.message}`)
      }
    })
  }
}
