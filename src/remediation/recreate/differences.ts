import { isDeepStrictEqual } from 'node:util'
import type { Blueprint, Specification } from '../../host/builder.ts'
import { endpointsOf, isEmpty } from './endpoints.ts'
import { link, type Remake } from './specification.ts'

/** Where a number below zero says that there is no limit, as 0 and null do. */
const unlimited: ReadonlySet<string> = new Set(['PidsLimit', 'CpuQuota'])

/**
 * In what a new container, that does not run yet, is otherwise than it was meant to be: names such as
 * `HostConfig.Memory`, never values. Empty = as meant. `old` has what is not asked for in words: volumes, networks.
 */
export function differences(
  { HostConfig, NetworkingConfig, ...config }: Specification,
  old: Blueprint,
  made: Blueprint,
): readonly string[] {
  return [
    ...fields('Config', asWritten(config), asWritten(made.Config)).filter(
      // Left to the engine: it takes the new id, or the name of whose namespace is shared.
      (field) => field !== 'Config.Hostname' || config.Hostname !== '',
    ),
    ...fields('HostConfig', comparable(HostConfig), comparable(made.HostConfig)),
    ...(made.Image === old.Image ? [] : ['Image']),
    ...fields('Mounts', mounts(old), mounts(made)),
    ...fields('Networks', networks(old), networks(made)),
  ]
}

/** In what a container would be made otherwise now than it would have been before: names, as of differences(). */
export function changes(before: Remake, now: Remake): readonly string[] {
  const [was, is] = [before, now].map(({ specification, endpoints }) => {
    const { HostConfig, NetworkingConfig, ...config } = specification
    return { config, host: comparable(HostConfig), networks: [NetworkingConfig.EndpointsConfig, endpoints] }
  })
  if (was === undefined || is === undefined) return []
  return [
    ...fields('Config', was.config, is.config),
    ...fields('HostConfig', was.host, is.host),
    ...(isDeepStrictEqual(was.networks, is.networks) ? [] : ['Networks']),
  ]
}

type Fields = Readonly<Record<string, unknown>>

function fields(where: string, wanted: Fields, found: Fields): readonly string[] {
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)])
  return [...names].filter((name) => !isSame(wanted[name], found[name])).map((name) => `${where}.${name}`)
}

function isSame(wanted: unknown, found: unknown): boolean {
  return (isEmpty(wanted) && isEmpty(found)) || isDeepStrictEqual(wanted, found)
}

/** No entrypoint is asked for in another way than it is told. */
function asWritten(config: Fields): Fields {
  return { ...config, Entrypoint: isDeepStrictEqual(config.Entrypoint, ['']) ? null : config.Entrypoint }
}

function comparable({ Links, NetworkMode, ...host }: Blueprint['HostConfig']): Fields {
  const { Memory, MemorySwap } = host
  // Twice the memory, where it is not said.
  const isUsual = typeof Memory === 'number' && MemorySwap === Memory * 2
  const rest = Object.entries({ ...host, MemorySwap: isUsual ? 0 : MemorySwap }).map(([name, value]) => [
    name,
    unlimited.has(name) && typeof value === 'number' && value < 0 ? 0 : value,
  ])
  return {
    ...Object.fromEntries(rest),
    Links: (Links ?? []).map(link).toSorted(),
    NetworkMode: NetworkMode === 'bridge' ? 'default' : NetworkMode || 'default',
  }
}

function mounts({ Mounts }: Blueprint): Fields {
  return Object.fromEntries(
    Mounts.map(({ Type, Name, Source, Destination, RW }) => [Destination, { Type, Name, Source, RW }]),
  )
}

/** With `true` for a network about which nothing more is said: to be in it is something. */
function networks(blueprint: Blueprint): Fields {
  const wanted = endpointsOf(blueprint).map(({ network, settings }) => [
    network,
    [true, Object.fromEntries(Object.entries(settings).filter(([, value]) => !isEmpty(value)))],
  ])
  return Object.fromEntries(wanted)
}
