import { temporaryName } from '../../host/aside.ts'
import type { Blueprint } from '../../host/builder.ts'
import type { KnownContainer } from '../../host/inventory.ts'
import { link, namespaceModes, sharedWith } from './specification.ts'

/** A container that is to be recreated, with what is known of it now. */
export interface Part {
  readonly container: KnownContainer
  readonly blueprint: Blueprint
  /** What its reference stands for now: the id of an image, or nothing. */
  readonly referenceNow: string | undefined
  /** False when the image that it was created from was removed. */
  readonly hasImage: boolean
}

/** States that a container can be stopped in and brought back to. */
const usable: ReadonlySet<string> = new Set(['running', 'restarting', 'exited'])

/** What Kubernetes puts on the containers of its pods. */
const podLabel = 'io.kubernetes.pod.name'

/** The name without the slash that the API puts before it. */
export const nameOf = ({ Name }: Pick<Blueprint, 'Name'>): string => Name.replace(/^\//, '')

/** Whether a container lives in a namespace of another one: it cannot be started any more when that one is gone. */
export function shares(
  { HostConfig }: Pick<Blueprint, 'HostConfig'>,
  { id, name }: Pick<KnownContainer, 'id' | 'name'>,
): boolean {
  return namespaceModes.some((mode) => isCalled(sharedWith(HostConfig[mode]), id, name))
}

function isCalled(reference: string | undefined, id: string, name: string): boolean {
  if (reference === undefined) return false
  return reference === name || (reference.length >= 12 && id.startsWith(reference))
}

/** What stands against the recreation of one container, whoever shares what with it. `others`: all others. Pure. */
export function unsafe(
  { container, blueprint, hasImage }: Part,
  others: readonly Blueprint[],
): readonly string[] {
  const { labels, autoRemove, swarmTask } = container
  const { Status } = blueprint.State
  const leftover = temporaryName(container)
  const partners = withoutPartner(blueprint, others)
  return [
    ...(usable.has(Status) ? [] : [`it is ${Status}`]),
    ...(autoRemove ? ['it was started with --rm: stopped, it would be gone'] : []),
    ...(swarmTask ? ['it is a task of a Swarm service, which would replace it'] : []),
    ...(labels[podLabel] === undefined ? [] : ['it belongs to a pod of Kubernetes, which would replace it']),
    ...(hasImage ? [] : ['its image was removed: a new container cannot be made from it']),
    ...(others.some((one) => nameOf(one) === leftover)
      ? [`another container is called ${leftover}, which is needed: remove or rename that one`]
      : []),
    ...(partners.length === 0
      ? []
      : [`it shares a namespace of ${partners.join(', ')}, which does not run: it could not be started`]),
    ...linkedFrom(container, others),
  ]
}

/** Containers whose namespaces it shares, and without which neither it nor its successor can be started. */
export function withoutPartner({ HostConfig }: Blueprint, others: readonly Blueprint[]): readonly string[] {
  const references = namespaceModes.flatMap((mode) => sharedWith(HostConfig[mode]) ?? [])
  const runs = (reference: string): boolean =>
    others.some((one) => isCalled(reference, one.Id, nameOf(one)) && one.State.Status === 'running')
  return [...new Set(references)].filter((reference) => !runs(reference))
}

function linkedFrom({ name }: KnownContainer, others: readonly Blueprint[]): readonly string[] {
  return others
    .filter(({ HostConfig }) => (HostConfig.Links ?? []).some((one) => link(one).startsWith(`${name}:`)))
    .map((one) => `${nameOf(one)} has a link to it (--link), and would lose it`)
}
