import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Answers with problem details (RFC 9457). `detail` says what was wrong and what to do. */
export function problem(reply: FastifyReply, status: number, title: string, detail: string): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title, status, detail })
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
export function frameworkProblem(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 400
  problem(reply, status, titles[status] ?? 'The request was refused', error.message)
}

/** Without the query, cut: what others send is not repeated at length. */
function path(url: string): string {
  return (url.split('?')[0] ?? url).slice(0, 200)
}
