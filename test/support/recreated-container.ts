import Dockerode from 'dockerode'
import type { Lab } from '../../lab/index.ts'

/** ContainerInspect as it is. */
export type Inspected = Record<string, unknown> & { readonly Id: string }

/** Everything that the engine says of a container; its mounts, which come in any order, by where they are. */
export async function inspected(lab: Lab, name: string): Promise<Inspected> {
  const one = await new Dockerode({ socketPath: lab.socketPath }).getContainer(name).inspect()
  return { ...one, Mounts: Object.fromEntries(one.Mounts.map((mount) => [mount.Destination, mount])) }
}

/** Every value by its path, as in `HostConfig.Memory`. */
function flat(value: unknown, path = ''): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
    return new Map([[path, JSON.stringify(value)]])
  return new Map(
    Object.entries(value).flatMap(([key, one]) => [...flat(one, path === '' ? key : `${path}.${key}`)]),
  )
}

/** Paths whose values are not the same, but for those that may differ. */
export function changedFields(
  before: unknown,
  after: unknown,
  allowed: readonly RegExp[],
): readonly string[] {
  const [was, is] = [flat(before), flat(after)]
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path))
    .filter((path) => !allowed.some((one) => one.test(path)))
    .map((path) => `${path}: ${was.get(path)} -> ${is.get(path)}`)
}

/** Names of the containers and networks whose names begin so, and of the volumes. */
export async function leftovers(lab: Lab, prefix: string): Promise<readonly string[]> {
  const engine = new Dockerode({ socketPath: lab.socketPath })
  const [containers, networks, { Volumes }] = await Promise.all([
    engine.listContainers({ all: true }),
    engine.listNetworks(),
    engine.listVolumes(),
  ])
  return [
    ...containers.flatMap(({ Names }) => Names.map((name) => `container ${name.slice(1)}`)),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...Volumes.map(({ Name }) => `volume ${Name}`),
  ]
    .filter((one) => one.split(' ')[1]?.startsWith(prefix))
    .sort()
}
