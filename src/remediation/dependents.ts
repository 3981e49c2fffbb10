import type { Inventory, KnownContainer } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import { valueIn } from '../host/reading.ts'

/** What dependents are told from. */
export interface DependentPorts {
  readonly inventory: Pick<Inventory, 'containers'>
  readonly procfs: Pick<Procfs, 'networkNamespace'>
}

/**
 * The containers in the network namespace of `container` (`network_mode: container:…`, `service:…`) that are not well,
 * by name. A container that is restarted gets a namespace of its own anew; those that shared the old one go on in a
 * namespace without a network until they are restarted as well.
 */
export function brokenDependents(
  container: KnownContainer,
  { inventory, procfs }: DependentPorts,
): readonly string[] {
  const namespace = valueIn(procfs.networkNamespace(container.pid))
  return inventory
    .containers()
    .filter(({ networkOf }) => networkOf === container.id)
    .filter(({ state, health, pid }) => {
      if (state !== 'running' || health === 'unhealthy') return true
      const own = valueIn(procfs.networkNamespace(pid))
      // What cannot be read proves nothing.
      return namespace !== undefined && own !== undefined && own !== namespace
    })
    .map(({ name }) => name)
    .toSorted()
}
