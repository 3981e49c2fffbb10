import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { errorMessage } from './reading.ts'

/** The sessions that a gateway says it has. */
export interface GatewaySessions {
  /** Those of Streamable HTTP, which can be closed by their id. */
  readonly closable: readonly string[]
  /** Those of other kinds, such as SSE: they have processes as well. */
  readonly others: readonly string[]
}

/** Where a gateway is, and what it is asked with. */
export interface GatewayAddress {
  /** As in http://172.17.0.2:12008 */
  readonly url: string
  /** The name of an endpoint that the key may use; it takes the id of any session. */
  readonly endpoint: string
  /** A regular file with the API key, of at most 8 KiB; read at each use. */
  readonly keyFile: string
}

/** The session API of MetaMCP. */
export interface SessionApi {
  /** GET /metamcp/health/sessions; without the key, which this does not ask for. Throws GatewayError. */
  list(url: string): Promise<GatewaySessions>
  /**
   * DELETE /metamcp/<endpoint>/mcp: the gateway ends the processes of the session, and waits for none. It answers
   * 200 for an id that it does not know, too. Throws GatewayError.
   */
  close(gateway: GatewayAddress, sessionId: string): Promise<void>
}

/**
 * Why a gateway did not do it. key: it is missing or not accepted, and no other call will be; busy: it limits how often
 * it is asked; failed: an error of its own, after which the session may be closed or not.
 */
export type GatewayErrorCode = 'unreachable' | 'key' | 'busy' | 'failed' | 'unexpected'

/** A failed call to a gateway: what was tried, on what, what came back. The key is never in it. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: GatewayErrorCode
  /** For `busy`: how long it wants to be left alone, seconds. */
  readonly retryAfter: number | undefined

  constructor(code: GatewayErrorCode, message: string, retryAfter?: number) {
    super(message)
    this.code = code
    this.retryAfter = retryAfter
  }
}

/** How long a call may take, milliseconds. */
const deadline = 10_000

/** The container that answers may be anybody's: more than this many bytes are not read. */
const largestAnswer = 1024 * 1024

/** Nor more of a key file. */
const largestKey = 8 * 1024

/** Goes into a header, and into the journal. */
const SessionId = Type.String({ pattern: '^[\\x21-\\x7e]{1,200}$' })

/** What GET /metamcp/health/sessions answers, as far as it is used. */
const Answer = Type.Object({
  streamableHttpSessions: Type.Object({ sessionIds: Type.Array(SessionId, { maxItems: 10_000 }) }),
  metaMcpPoolStatus: Type.Optional(
    Type.Object({ activeSessionIds: Type.Array(SessionId, { maxItems: 10_000 }) }),
  ),
})

/** The real one, over HTTP. */
export function createSessionApi(): SessionApi {
  return {
    async list(url) {
      const what = `GET ${url}/metamcp/health/sessions`
      const response = await call(what, `${url}/metamcp/health/sessions`, {})
      if (!response.ok) throw refusal(what, response)
      const answer = await json(what, response)
      if (!Value.Check(Answer, answer))
        throw new GatewayError('unexpected', `${what}: the answer is no list of sessions`)
      const closable = [...new Set(answer.streamableHttpSessions.sessionIds)]
      const known = new Set(closable)
      const others = answer.metaMcpPoolStatus?.activeSessionIds.filter((id) => !known.has(id)) ?? []
      return { closable, others: [...new Set(others)] }
    },
    async close({ url, endpoint, keyFile }, sessionId) {
      const path = `/metamcp/${encodeURIComponent(endpoint)}/mcp`
      const what = `DELETE ${url}${path}`
      const headers = { 'mcp-session-id': sessionId, 'x-api-key': await readKey(keyFile) }
      const response = await call(what, url + path, { method: 'DELETE', headers })
      await response.body?.cancel()
      if (!response.ok) throw refusal(what, response, keyFile)
    },
  }
}

async function call(what: string, url: string, init: RequestInit): Promise<Response> {
  try {
    // What sends us elsewhere is no gateway, and is not to be given the key.
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(deadline) })
  } catch (error) {
    // `fetch failed` is what it says of everything; why is in the cause.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    throw new GatewayError('unreachable', `${what}: ${errorMessage(cause)}`)
  }
}

/** Only the status is told: whoever answers could repeat the key. */
function refusal(what: string, { status, headers }: Response, keyFile?: string): GatewayError {
  const said = `${what}: answered ${status}`
  if (status === 401 || status === 403)
    return new GatewayError('key', `${said}: the key in ${keyFile ?? 'no file'} may not use this endpoint`)
  if (status === 429) return new GatewayError('busy', said, seconds(headers.get('retry-after')))
  return new GatewayError(status >= 500 ? 'failed' : 'unexpected', said)
}

function seconds(retryAfter: string | null): number | undefined {
  return retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined
}

async function json(what: string, response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.length
      if (length > largestAnswer) throw new Error(`more than ${largestAnswer} bytes`)
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    // What could not be parsed is repeated by whoever could not; it may be anything.
    const why = error instanceof SyntaxError ? 'the answer is no JSON' : errorMessage(error)
    throw new GatewayError('unexpected', `${what}: ${why}`)
  }
}

async function readKey(keyFile: string): Promise<string> {
  const what = `the key file ${keyFile} (sessions.gateways.keyFile)`
  let text: string
  try {
    text = await readSmall(keyFile)
  } catch (error) {
    throw new GatewayError('key', `${what} could not be read: ${errorMessage(error)}`)
  }
  // Checked here: what refuses it later repeats it.
  const key = text.trim()
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new GatewayError('key', `${what} must hold one line without spaces, of ASCII`)
  return key
}

/** Who writes the configuration may have named anything: a folder, a pipe to which nobody writes, a whole disk. */
async function readSmall(path: string): Promise<string> {
  // open(2) of a pipe waits for a writer without O_NONBLOCK; a file takes no notice of it.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if (!(await file.stat()).isFile()) throw new Error('it is no regular file')
  // The size that stat(2) tells may be out of date, and is 0 for what the kernel makes up.
  const bytes = Buffer.alloc(largestKey + 1)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, null)
    if (bytesRead === 0) return bytes.toString('utf8', 0, length)
    length += bytesRead
  }
  throw new Error(`it is larger than ${largestKey} bytes`)
}
