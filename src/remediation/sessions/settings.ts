import { type Static, Type } from 'typebox'
import { glob } from '../../census/policies.ts'
import type { KnownContainer } from '../../host/inventory.ts'
import { type GatewayAddress, GatewayError } from '../../host/metamcp.ts'

/** The front end of MetaMCP, which passes /metamcp on to the backend at 12009. */
const usualPort = 12_008

const closed = { additionalProperties: false } as const

/** Where the session API of some containers is. In the file only: a label must not make anybody read a file. */
const Gateway = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Of the containers; `*` stands for any characters. They are the ones that see the key.',
    }),
    image: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Theirs as well.' })),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s/@?#]+$',
        description: `As in http://metamcp:${usualPort}; left out: the container's own address, port ${usualPort}.`,
      }),
    ),
    endpoint: Type.String({
      pattern: '^[A-Za-z0-9_.-]+$',
      maxLength: 200,
      description: 'An endpoint that the key may use; sessions of all endpoints are closed through it.',
    }),
    keyFile: Type.String({ minLength: 1, description: 'A file with an API key. Read at each use.' }),
    maxAge: Type.Number({
      minimum: 1,
      maximum: 31_536_000,
      default: 86_400,
      description: 'Younger sessions are left alone, as long as pidwarden has known them. Seconds.',
    }),
    maxIdle: Type.Number({
      minimum: 1,
      maximum: 31_536_000,
      default: 3600,
      description: 'And those whose processes have run, read or written anything within so long. Seconds.',
    }),
  },
  closed,
)
type Gateway = Static<typeof Gateway>

/** The section of the configuration file. */
export const SessionSettings = Type.Object(
  {
    every: Type.Number({
      minimum: 1,
      maximum: 3600,
      default: 10,
      description: 'How often gateways are asked for their sessions. Seconds.',
    }),
    gateways: Type.Array(Gateway, {
      default: [],
      description: 'Gateways with the profile metamcp; the later entry that fits a container counts.',
    }),
  },
  { ...closed, description: 'Sessions that their clients have left, and the gateways that keep them.' },
)
export type SessionSettings = Static<typeof SessionSettings>

/** What is settled about the sessions of one container. */
export interface ContainerSessions extends Pick<Gateway, 'endpoint' | 'keyFile' | 'maxAge' | 'maxIdle'> {
  /** Undefined: the container has no address that is known, and the file says none. */
  readonly url: string | undefined
}

/** What the file says of the sessions of a container; undefined = nothing. */
export function sessionsOf(
  container: Pick<KnownContainer, 'name' | 'image' | 'addresses'>,
  { gateways }: SessionSettings,
): ContainerSessions | undefined {
  const found = gateways.findLast(
    ({ name, image }) => glob(name)(container.name) && glob(image)(container.image),
  )
  if (found === undefined) return undefined
  const { url = ownUrl(container), endpoint, keyFile, maxAge, maxIdle } = found
  return { url, endpoint, keyFile, maxAge, maxIdle }
}

function ownUrl({ addresses = {} }: Pick<KnownContainer, 'addresses'>): string | undefined {
  const [address] = Object.values(addresses)
  return address === undefined ? undefined : `http://${address}:${usualPort}`
}

/** The gateway that is meant. Throws GatewayError when nobody says where it is. */
export function addressOf(sessions: ContainerSessions | undefined): GatewayAddress {
  if (sessions === undefined)
    throw new GatewayError(
      'unreachable',
      'the configuration has no entry in sessions.gateways for this container',
    )
  const { url, endpoint, keyFile } = sessions
  if (url === undefined)
    throw new GatewayError(
      'unreachable',
      'the container has no address of its own: name one in url of its entry in sessions.gateways',
    )
  return { url, endpoint, keyFile }
}
