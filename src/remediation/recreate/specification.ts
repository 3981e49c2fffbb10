import type { Blueprint, HostConfig, Specification } from '../../host/builder.ts'
import { imageLabel } from '../../host/builder.ts'
import { endpointsOf, keyOf, type WantedEndpoint } from './endpoints.ts'
import { type LimitSources, withLimits } from './limits.ts'
import { keptVolumes } from './volumes.ts'

/** What a new container has otherwise than the old one. */
export interface Otherwise {
  /** What the reference of the old one stands for now: the id of an image, or nothing. */
  readonly referenceNow: string | undefined
  /** Undefined = the limits stay as they are. */
  readonly limits: LimitSources | undefined
  /** New ids of containers whose namespaces it shares, by the old ones. */
  readonly replaced: ReadonlyMap<string, string>
}

/** How a container is made anew. */
export interface Remake {
  readonly specification: Specification
  /** Networks beside the one that is given at creation: before API 1.44 there may be but one. */
  readonly endpoints: readonly WantedEndpoint[]
}

/** The reference that the image of a container is known by: what it was created from at first. */
export function referenceOf({ Config }: Pick<Blueprint, 'Config'>): string {
  return Config.Labels?.[imageLabel] ?? Config.Image
}

/**
 * Makes the specification of a new container from what the engine says of the old one. All of it is taken over as it is,
 * but for what names the old container itself, and what an engine would read otherwise than it was written. Pure.
 */
export function specify(old: Blueprint, { referenceNow, limits, replaced }: Otherwise): Remake {
  const mounts = keptVolumes(old)
  const host = limits === undefined ? old.HostConfig : withLimits(old.HostConfig, limits)
  const [first, ...endpoints] = endpointsOf(old)
  return {
    specification: {
      ...old.Config,
      ...image(old, referenceNow),
      ...hostname(old),
      ...entrypoint(old),
      HostConfig: {
        ...host,
        ...(mounts && { Mounts: mounts }),
        ...(host.Links && { Links: host.Links.map(link) }),
        ...namespaces(host, replaced),
      },
      NetworkingConfig: { EndpointsConfig: first ? { [keyOf(old, first)]: first.settings } : {} },
    },
    endpoints,
  }
}

/** By its reference where that still means the same image; else by the id, and the reference becomes a label. */
function image(
  old: Blueprint,
  referenceNow: string | undefined,
): Pick<Specification, 'Image' | 'Labels'> | undefined {
  const reference = referenceOf(old)
  const labels = Object.entries(old.Config.Labels ?? {}).filter(([label]) => label !== imageLabel)
  if (referenceNow === old.Image) return { Image: reference, Labels: Object.fromEntries(labels) }
  return { Image: old.Image, Labels: { ...Object.fromEntries(labels), [imageLabel]: reference } }
}

/**
 * A hostname that the engine made is the old id. In the network or UTS namespace of another container or of the host
 * none may be given; with the network of the host alone it may, and is what the engine would take by itself.
 */
function hostname({ Id, Config, HostConfig }: Blueprint): { Hostname?: string } {
  const isShared = HostConfig.NetworkMode?.startsWith('container:') || HostConfig.UTSMode === 'host'
  return isShared || Config.Hostname === Id.slice(0, 12) ? { Hostname: '' } : {}
}

/** None at all would be taken for that of the image; this is how to say that there is none (docker run --entrypoint ''). */
function entrypoint({ Config }: Blueprint): { Entrypoint?: readonly string[] } {
  return Config.Entrypoint && Config.Entrypoint.length > 0 ? {} : { Entrypoint: [''] }
}

/** Links are told as `/target:/container/alias`, and asked for as `target:alias`. */
export function link(told: string): string {
  const [target = '', alias = ''] = told.split(':')
  return `${target.replace(/^\//, '')}:${alias.split('/').at(-1)}`
}

/** Where a container says whose namespaces it shares. */
export const namespaceModes = ['NetworkMode', 'PidMode', 'IpcMode'] as const

function namespaces(host: HostConfig, replaced: ReadonlyMap<string, string>): Partial<HostConfig> {
  const changed = namespaceModes.flatMap((mode) => {
    const id = replaced.get(sharedWith(host[mode]) ?? '')
    return id === undefined ? [] : [[mode, `container:${id}`]]
  })
  return Object.fromEntries(changed)
}

/** The container that a mode names, by id or name. */
export function sharedWith(mode: string | undefined): string | undefined {
  return /^container:(.+)$/.exec(mode ?? '')?.[1]
}
