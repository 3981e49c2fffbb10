import type { Blueprint, Endpoint } from '../../host/builder.ts'

/** What a container is to be told about one of its networks. */
export interface WantedEndpoint {
  readonly network: string
  /** Id of the network, or its name where the engine does not tell. */
  readonly id: string
  readonly settings: Endpoint
}

/** What an engine tells of an endpoint that is at work (EndpointSettings): it comes anew with each start. */
const operational: ReadonlySet<string> = new Set([
  'NetworkID',
  'EndpointID',
  'Gateway',
  'IPAddress',
  'IPPrefixLen',
  'IPv6Gateway',
  'GlobalIPv6Address',
  'GlobalIPv6PrefixLen',
  'DNSNames',
  // Not told apart from one that was generated, and two of the same must not meet. Config.MacAddress is configured.
  'MacAddress',
])

/** Modes in which there is nothing to connect: `host`, `none`, `container:<id>`. */
const isWithoutNetworks = (mode: string): boolean =>
  mode === 'host' || mode === 'none' || mode.startsWith('container:')

/** The network that a container was made for has its endpoint first: it is the one that is given at creation. */
export function endpointsOf(
  blueprint: Pick<Blueprint, 'Id' | 'Config' | 'HostConfig' | 'Networks'>,
): readonly WantedEndpoint[] {
  const { Config, HostConfig, Networks } = blueprint
  const mode = HostConfig.NetworkMode || 'default'
  if (isWithoutNetworks(mode)) return []
  const wanted = Object.entries(Networks).map(([network, endpoint]) => {
    const primary = isNetwork(mode, network, endpoint)
    const mac = primary && Config.MacAddress ? { MacAddress: Config.MacAddress } : {}
    const settings = { ...configured(endpoint, blueprint.Id), ...mac }
    return { network, id: endpoint.NetworkID || network, settings, primary }
  })
  return wanted
    .toSorted((a, b) => Number(b.primary) - Number(a.primary))
    .map(({ network, id, settings }) => ({ network, id, settings }))
}

/**
 * The key of the first endpoint at creation: it must be written as NetworkMode is, by name or by id, or the engine takes
 * it for another network.
 */
export function keyOf(
  { HostConfig }: Pick<Blueprint, 'HostConfig'>,
  { network, id }: WantedEndpoint,
): string {
  const mode = HostConfig.NetworkMode || 'default'
  return isNetwork(mode, network, { NetworkID: id }) ? mode : network
}

function isNetwork(mode: string, network: string, { NetworkID = '' }: Endpoint): boolean {
  if (mode === 'default' || mode === 'bridge') return network === 'bridge'
  return mode === network || (mode.length >= 12 && NetworkID.startsWith(mode))
}

/** What was asked for, as it was; without the alias that the engine gives by itself, the short id (before Docker 26). */
function configured(endpoint: Endpoint, id: string): Endpoint {
  const kept = Object.entries(endpoint).filter(([key]) => !operational.has(key))
  const { Aliases } = endpoint
  return {
    ...Object.fromEntries(kept),
    ...(Aliases && { Aliases: Aliases.filter((alias) => alias !== id.slice(0, 12)) }),
  }
}

/** Where Docker says nothing, it has several words for it: null, false, 0, an empty text, list or object. */
export function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length === 0 : !value
}
