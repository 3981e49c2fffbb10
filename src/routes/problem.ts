import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type {
  ConnectionError,
  FastifyBaseLogger,
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
} from 'fastify'
import { type Static, Type } from 'typebox'

/** Problem details, as everything that is refused leaves pidwarden. https://www.rfc-editor.org/rfc/rfc9457 */
const Problem = Type.Object(
  {
    type: Type.Literal('about:blank'),
    title: Type.String({ description: 'What kind of problem it is.' }),
    status: Type.Integer({ description: 'The status of the response.' }),
    detail: Type.String({ description: 'What was wrong, and what to do.' }),
  },
  { title: 'Problem', description: 'Problem details (RFC 9457).' },
)

/** How a schema says that a route answers with a problem: `response: { 404: refusal('…') }`. */
export const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
})

/** Answers with problem details (RFC 9457). `detail` says what was wrong and what to do. */
export function problem(reply: FastifyReply, status: number, title: string, detail: string): FastifyReply {
  const body: Static<typeof Problem> = { type: 'about:blank', title, status, detail }
  return reply.code(status).type('application/problem+json').send(body)
}

const titles: Record<number, string> = {
  400: 'The request could not be understood',
  413: 'The body is too large',
  415: 'The body is not JSON',
}

/** Every error of the instance leaves it as problem details; those of the server keep their cause to the log. */
export function installProblems(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) =>
    problem(reply, 404, 'Not found', `there is no ${request.method} ${path(request.url)}`),
  )
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) {
      request.log.error({ err: error, path: path(request.url) }, 'request failed')
      return problem(reply, status, 'Internal error', 'see the log of pidwarden')
    }
    return problem(reply, status, titles[status] ?? 'The request was refused', error.message)
  })
}

/** What Fastify refuses before there is a route, such as a path that cannot be decoded. */
export function frameworkProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 400
  // Fastify's own words repeat the whole address.
  const detail = `the path ${path(request.url)} cannot be served: ${error.code}`
  problem(reply, status, titles[status] ?? 'The request was refused', detail)
}

/** Why a connection did not bring a request, and the status that says so; all else is 400. */
const broken: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }

/**
 * Answers what is no request at all, as Node and Fastify do. Only the code goes into the log: the error carries the
 * bytes that came, and the token is among them.
 */
export function brokenRequest(log: FastifyBaseLogger): (error: ConnectionError, socket: Socket) => void {
  return ({ code }, socket) => {
    if (code === 'ECONNRESET' || socket.destroyed) return
    log.trace({ code }, 'a connection brought no request')
    const status = broken[code] ?? 400
    const title = STATUS_CODES[status] ?? 'Bad Request'
    const body = JSON.stringify({ type: 'about:blank', title, status, detail: `not a request: ${code}` })
    const head = `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\n`
    if (socket.writable)
      socket.write(`${head}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
    socket.destroy()
  }
}

/** Without the query, cut: what others send is not repeated at length. */
function path(url: string): string {
  return (url.split('?')[0] ?? url).slice(0, 200)
}
