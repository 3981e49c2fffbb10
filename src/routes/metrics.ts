import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Metrics } from '../metrics/metrics.ts'

/** GET /metrics: the Prometheus scrape, text format 0.0.4. Open: it holds no secret. */
export function metricsRoute(metrics: Metrics): FastifyPluginAsyncTypebox {
  const schema = {
    operationId: 'scrape',
    summary: 'Everything that is counted, for Prometheus',
    tags: ['monitoring'],
    response: {
      200: {
        description: 'The text format 0.0.4 of Prometheus.',
        content: { 'text/plain': { schema: Type.Unsafe<Buffer>(Type.String()) } },
      },
    },
  }
  return async (app) => {
    app.get('/metrics', { schema }, async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.render()),
    )
  }
}
