import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { errorMessage } from './reading.ts'

/** The address of one Alertmanager. */
export const AlertmanagerUrl = Type.String({
  pattern: '^https?://[^\\s@?#]+$',
  description: 'As in http://alertmanager:9093; no user and no password, see credentialsFile.',
})

/** Where alerts of pidwarden's own go, and where notifications that were cut are completed from. */
export const AlertmanagerSettings = Type.Object(
  {
    urls: Type.Array(AlertmanagerUrl, {
      default: [],
      description: 'All members of a cluster. None: nothing is posted.',
    }),
    labels: Type.Record(
      Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }),
      Type.String({ maxLength: 200 }),
      {
        default: {},
        description:
          'Labels that alerts of pidwarden carry beside its own, such as those that your routes ask for.',
      },
    ),
    authorization: Type.Enum(['Bearer', 'Basic'], { default: 'Bearer' }),
    credentialsFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A file with what comes after the scheme in the header Authorization. Read at each call.',
      }),
    ),
  },
  { additionalProperties: false },
)
export type AlertmanagerSettings = Static<typeof AlertmanagerSettings>

/** An alert as POST /api/v2/alerts takes it; RFC 3339 times. It fires until `endsAt`. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}

/** An alert as GET /api/v2/alerts gives it. */
const GettableAlert = Type.Object({
  labels: Type.Record(Type.String(), Type.String()),
  startsAt: Type.String(),
  fingerprint: Type.String(),
})
export type GettableAlert = Static<typeof GettableAlert>

/** The API of Alertmanager, version 2, which every release since 0.16 has. */
export interface Alertmanager {
  /** Hands alerts over. Throws AlertmanagerError. */
  post(url: string, alerts: readonly PostedAlert[]): Promise<void>
  /** What fires now and is neither silenced nor inhibited, for receivers that match this expression. Throws AlertmanagerError. */
  firing(url: string, receiver: string): Promise<readonly GettableAlert[]>
}

/** Alertmanager could not be asked, or did not do what it was asked for. */
export class AlertmanagerError extends Error {
  override readonly name = 'AlertmanagerError'
  /** True when it understood, and will not have it however often it is tried. */
  readonly refused: boolean

  constructor(message: string, refused = false) {
    super(message)
    this.refused = refused
  }
}

/** How long a call may take, milliseconds. */
const deadline = 5000

/** The real one, over HTTP. */
export function createAlertmanager(settings: () => AlertmanagerSettings): Alertmanager {
  async function call(url: string, path: string, init: RequestInit = {}): Promise<Response> {
    const what = `${init.method ?? 'GET'} ${url}${path.split('?')[0]}`
    let response: Response
    try {
      response = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
        ...init,
        // A login page that answers 200 has taken no alert, and is not to be given the credentials.
        redirect: 'error',
        headers: { 'content-type': 'application/json', ...authorization(settings()) },
        signal: AbortSignal.timeout(deadline),
      })
    } catch (error) {
      // `fetch failed` is what it says of everything; why is in the cause.
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
      throw new AlertmanagerError(`${what}: ${errorMessage(cause)}`)
    }
    if (response.ok) return response
    const said = await response.text().catch(() => '')
    throw new AlertmanagerError(
      `${what}: answered ${response.status}: ${said.slice(0, 300)}`,
      response.status === 400,
    )
  }

  return {
    async post(url, alerts) {
      const response = await call(url, '/api/v2/alerts', { method: 'POST', body: JSON.stringify(alerts) })
      await response.arrayBuffer()
    },
    async firing(url, receiver) {
      const query = new URLSearchParams({ active: 'true', silenced: 'false', inhibited: 'false', receiver })
      const response = await call(url, `/api/v2/alerts?${query}`)
      const body: unknown = await response.json().catch(() => undefined)
      if (!Value.Check(Type.Array(GettableAlert), body))
        throw new AlertmanagerError(`GET ${url}/api/v2/alerts: the answer is no list of alerts`)
      return body
    },
  }
}

function authorization({
  credentialsFile,
  authorization: scheme,
}: AlertmanagerSettings): Record<string, string> {
  if (credentialsFile === undefined) return {}
  let credentials: string
  try {
    credentials = readFileSync(credentialsFile, 'utf8').trim()
  } catch (error) {
    throw new AlertmanagerError(
      `alertmanager.credentialsFile ${credentialsFile} could not be read: ${errorMessage(error)}`,
    )
  }
  // Checked here: what refuses it later repeats it.
  if (!/^[\x21-\x7e]+$/.test(credentials))
    throw new AlertmanagerError(
      `alertmanager.credentialsFile ${credentialsFile} must hold one line without spaces, of ASCII`,
    )
  return { authorization: `${scheme} ${credentials}` }
}
