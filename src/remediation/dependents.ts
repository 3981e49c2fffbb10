import type { Inventory, KnownContainer } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import { valueIn } from '../host/reading.ts'

/** What dependents are told from. */
export interface DependentPorts {
  readonly inventory: Pick<Inventory, 'containers'>
  readonly procfs: Pick<Procfs, 'networkNamespace'>
}

/**
 * The running containers in the network namespace of `container` (`network_mode: container:…`, `service:…`) that are not
 * well, by name. A container that is restarted gets a namespace anew; those that shared the old one go on in a
 * namespace without a network until they are restarted as well.
 */
export function unwellDependents(container: KnownContainer, ports: DependentPorts): readonly string[] {
  const strayed = new Set(strayedDependents(container, ports))
  return dependentsOf(container, ports)
    .filter((one) => one.state === 'running' && (one.health === 'unhealthy' || strayed.has(one)))
    .map(({ name }) => name)
    .toSorted()
}

/** Those of them that run, and are known to be in another namespace than its own by now. */
export function strayedDependents(
  container: KnownContainer,
  ports: DependentPorts,
): readonly KnownContainer[] {
  return dependentsOf(container, ports).filter(
    (one) => one.state === 'running' && hasStrayed(one, container, ports) === true,
  )
}

/** Whether a dependent is in another namespace; undefined where that cannot be read: it proves nothing. */
export function hasStrayed(
  { pid }: Pick<KnownContainer, 'pid'>,
  main: Pick<KnownContainer, 'pid'>,
  { procfs }: Pick<DependentPorts, 'procfs'>,
): boolean | undefined {
  const [own, namespace] = [pid, main.pid].map((one) => valueIn(procfs.networkNamespace(one)))
  return own === undefined || namespace === undefined ? undefined : own !== namespace
}

/** The same, and those that do not run: some never do for long, so that only a comparison with before says anything. */
export function brokenDependents(container: KnownContainer, ports: DependentPorts): readonly string[] {
  const ended = dependentsOf(container, ports).filter(({ state }) => state !== 'running')
  return [...unwellDependents(container, ports), ...ended.map(({ name }) => name)].toSorted()
}

/** The containers that were told to share its network namespace, running or not. */
export function dependentsOf(
  { id }: KnownContainer,
  { inventory }: DependentPorts,
): readonly KnownContainer[] {
  return inventory.containers().filter(({ networkOf }) => networkOf === id)
}
