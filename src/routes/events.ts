import { PassThrough, type Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { errorMessage } from '../host/reading.ts'
import type { Change } from '../journal/changes.ts'
import type { Journal } from '../journal/journal.ts'
import { problem, refusal } from './problem.ts'

const Query = Type.Object({
  run: Type.Optional(Type.String({ maxLength: 64, description: 'Only what belongs to this run.' })),
  name: Type.Optional(
    Type.String({ minLength: 1, maxLength: 300, description: 'Only what belongs to this container.' }),
  ),
})

const schema = {
  operationId: 'followEvents',
  summary: 'Everything as it happens',
  description:
    'Server-sent events. The name of an event is run, step, effect or incident; its data is the record as it is now, with runId (and stepId) where it belongs to a run. Nothing is kept for those who were not there.',
  tags: ['monitoring'],
  querystring: Query,
  response: {
    200: {
      description: 'A stream that does not end by itself.',
      content: { 'text/event-stream': { schema: Type.Unsafe<Readable>(Type.String()) } },
    },
    503: refusal('Too many listen already.'),
  },
}

/** A comment now and then, milliseconds: proxies end connections that are silent. */
const heartbeat = 15_000

/** Who reads slower than this many bytes is let go, and may come again. */
const mostUnread = 1024 * 1024

/** How many may listen at once. */
const mostListeners = 50

/** What is sent: the kind of record as the name of the event, the record as it is now as its data. */
interface Event {
  readonly kind: Change['kind']
  readonly record: object
  readonly run: string | undefined
  readonly name: string | undefined
}

/**
 * GET /api/events: every run, step, effect and incident when it begins or changes, as server-sent events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). Nothing is kept for those who were not there.
 */
export function eventRoute(journal: Journal): FastifyPluginAsyncTypebox {
  return async (app) => {
    const streams = new Set<PassThrough>()
    app.addHook('preClose', async () => {
      for (const stream of streams) stream.end()
    })
    // Whoever asks for the head alone would listen for ever.
    app.get('/api/events', { exposeHeadRoute: false, schema }, async (request, reply) => {
      if (streams.size >= mostListeners)
        return problem(reply, 503, 'Too many listeners', `${mostListeners} listen already; retry later`)
      const stream = new PassThrough()
      const beat = setInterval(() => stream.write(': alive\n\n'), heartbeat)
      const leave = journal.changes.follow((change) => {
        try {
          const event = eventOf(change, journal)
          if (event === undefined || !concerns(event, request.query)) return
          stream.write(`event: ${event.kind}\ndata: ${JSON.stringify(event.record)}\n\n`)
          if (stream.readableLength + stream.writableLength > mostUnread) stream.destroy()
        } catch (error) {
          // Whoever has just written to the journal has nothing to do with those who listen.
          request.log.warn({ error: errorMessage(error) }, 'an event could not be sent')
          stream.destroy()
        }
      })
      streams.add(stream)
      stream.on('close', () => {
        clearInterval(beat)
        leave()
        streams.delete(stream)
      })
      // Headers go out at once: whoever listens knows from then on that nothing is missed.
      stream.write(': listening\n\n')
      return (
        reply
          .type('text/event-stream')
          .header('cache-control', 'no-store')
          // Kept alive, the connection would hold up a shutdown after the stream has ended.
          .header('connection', 'close')
          .send(stream)
      )
    })
  }
}

function eventOf({ kind, id }: Change, journal: Journal): Event | undefined {
  if (kind === 'incident') {
    const record = journal.incidents.find(Number(id))
    return record && { kind, record, run: undefined, name: record.name }
  }
  const record =
    kind === 'run'
      ? journal.run(String(id))
      : kind === 'step'
        ? journal.step(Number(id))
        : journal.effect(Number(id))
  if (record === undefined) return undefined
  const run = 'runId' in record ? record.runId : record.id
  return { kind, record, run: String(run), name: journal.run(String(run))?.name }
}

function concerns(event: Event, { run, name }: Static<typeof Query>): boolean {
  return (run === undefined || event.run === run) && (name === undefined || event.name === name)
}
