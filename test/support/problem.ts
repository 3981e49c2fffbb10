import type { Response } from 'light-my-request'
import type { Test } from 'tap'

/** Asserts that a response is problem details (RFC 9457) with a status, and returns them. */
export function problemIn(
  t: Pick<Test, 'equal' | 'match' | 'same'>,
  response: Pick<Response, 'statusCode' | 'headers' | 'body'>,
  status: number,
): { title: string; detail: string } {
  t.equal(response.statusCode, status)
  t.match(response.headers['content-type'], /^application\/problem\+json/)
  const body = JSON.parse(response.body)
  t.same(Object.keys(body).sort(), ['detail', 'status', 'title', 'type'])
  t.match(body, { type: 'about:blank', status, title: /./, detail: /./ })
  return body
}

/** The header that lets somebody in. */
export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
