import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem } from './problem.ts'

/** A hook that lets pass who sends `Authorization: Bearer <token>` (RFC 6750); 401 without, 403 with a wrong one. */
export function requireToken(token: string) {
  const expected = digest(token)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given === undefined) {
      reply.header('www-authenticate', 'Bearer')
      return problem(reply, 401, 'Token required', 'send the header "Authorization: Bearer <token>"')
    }
    // Digests have one length, so that the comparison tells nothing about the token, not even how long it is.
    if (timingSafeEqual(digest(given), expected)) return undefined
    return problem(reply, 403, 'Wrong token', 'the bearer token is not the one of this pidwarden')
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
