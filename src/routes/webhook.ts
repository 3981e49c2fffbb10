import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Inventory } from '../host/inventory.ts'
import { errorMessage } from '../host/reading.ts'
import { type IntakePorts, receive } from '../remediation/intake.ts'
import { restOf, type TruncatedPorts } from '../remediation/truncated.ts'
import { Verdict, WebhookPayload } from '../remediation/webhook.ts'
import { problem, refusal } from './problem.ts'

/** What cut notifications are completed with, and who counts them. */
export interface CompletionPorts extends TruncatedPorts {
  readonly count: (completed: boolean) => void
}

/** Largest notification that is taken, bytes: some thousands of alerts. */
const bodyLimit = 8 * 1024 * 1024

const schema = {
  operationId: 'receiveAlerts',
  summary: 'The webhook of Alertmanager',
  description:
    'Answered once all alerts are on file. 4xx means that the notification makes no sense, 503 that the same one will do later.',
  tags: ['acting'],
  body: WebhookPayload,
  response: {
    202: Type.Object({ alerts: Type.Array(Verdict) }, { description: 'A verdict for each alert.' }),
    503: refusal('Docker is away, pidwarden is starting, or the journal cannot be written; retry later.'),
  },
}

/**
 * POST /webhooks/alertmanager. 202 with a verdict for each alert once all are on file. Alertmanager drops what is
 * answered with 4xx and comes again after 5xx, so 4xx means that the notification makes no sense, and 503 that the
 * same notification will do later; a remediation that fails is neither.
 */
export function webhookRoute(
  intake: IntakePorts,
  completion: CompletionPorts,
  inventory: Inventory,
  recovered: () => boolean,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/webhooks/alertmanager', { bodyLimit, schema }, async (request, reply) => {
      const { connected, error } = inventory.state()
      if (!connected) return problem(reply, 503, 'Docker is away', `retry later: ${error ?? 'not connected'}`)
      if (!recovered())
        return problem(reply, 503, 'Starting', 'retry later: runs of an earlier start are put in order')
      try {
        const verdicts = receive(request.body, intake)
        const truncated = request.body.truncatedAlerts ?? 0
        // Those that came are on file, whatever becomes of the others.
        const rest = truncated > 0 ? await restOf(request.body, completion) : undefined
        if (rest === undefined) return reply.code(202).send({ alerts: verdicts })
        completion.count(rest.kind === 'complete')
        if (rest.kind === 'complete')
          verdicts.push(...receive({ ...request.body, alerts: [...rest.alerts] }, intake))
        const detail = rest.kind === 'complete' ? 'the rest was read from Alertmanager' : rest.detail
        request.log.warn({ truncated, detail }, 'notification was truncated; set max_alerts: 0')
        return reply.code(202).send({ alerts: verdicts })
      } catch (failure) {
        request.log.error({ error: errorMessage(failure) }, 'journal could not be written')
        return problem(
          reply,
          503,
          'The journal could not be written',
          'retry later; see the log of pidwarden',
        )
      }
    })
  }
}
