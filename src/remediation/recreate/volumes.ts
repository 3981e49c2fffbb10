import { posix } from 'node:path'
import type { Blueprint, MountRequest } from '../../host/builder.ts'

/**
 * The mounts to ask for so that a new container has the volumes of the old one. What was asked for without a name got an
 * anonymous volume, and would get an empty one again: it is named by what it has now. `undefined` = as they are.
 */
export function keptVolumes({
  HostConfig,
  Mounts,
}: Pick<Blueprint, 'HostConfig' | 'Mounts'>): readonly MountRequest[] | undefined {
  const volumes = new Map(
    Mounts.filter(({ Type, Name }) => Type === 'volume' && Name).map((one) => [clean(one.Destination), one]),
  )
  const requests = HostConfig.Mounts ?? []
  const named = requests.map((request) => {
    const volume = request.Type === 'volume' && !request.Source && volumes.get(clean(request.Target ?? ''))
    return volume ? { ...request, Source: volume.Name } : request
  })
  const covered = new Set([
    ...requests.map(({ Target = '' }) => clean(Target)),
    ...(HostConfig.Binds ?? []).map(targetOf),
  ])
  const anonymous = [...volumes]
    .filter(([target]) => !covered.has(target))
    // The engine tells of them in another order each time.
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { Name, Destination, RW }]) => ({
      Type: 'volume',
      Source: Name,
      Target: Destination,
      ...(!RW && { ReadOnly: true }),
    }))
  const mounts = [...named, ...anonymous]
  return JSON.stringify(mounts) === JSON.stringify(requests) ? undefined : mounts
}

/** `source:target[:options]` */
const targetOf = (bind: string): string => clean(bind.split(':')[1] ?? '')

/** `/data/` and `/data` are one place. */
function clean(path: string): string {
  return posix.join('/', path).replace(/(.)\/$/, '$1')
}
