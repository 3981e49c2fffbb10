import type { Blueprint, ContainerBuilder } from '../host/builder.ts'
import { DockerError } from '../host/docker.ts'
import type { KnownContainer } from '../host/inventory.ts'
import { withoutPartner } from './recreate/refusals.ts'
import { namespaceModes, sharedWith } from './recreate/specification.ts'

/**
 * The containers whose namespaces a container shares (network, PID, IPC), and that are gone or do not run: without them
 * the engine answers its start with 500 for ever, though it runs on while nobody stops it. Throws DockerError.
 */
export async function missingPartners(
  { id }: Pick<KnownContainer, 'id'>,
  builder: Pick<ContainerBuilder, 'blueprint'>,
): Promise<readonly string[]> {
  const blueprint = await builder.blueprint(id)
  const references = namespaceModes.flatMap((mode) => sharedWith(blueprint.HostConfig[mode]) ?? [])
  const partners = await Promise.all(references.map((reference) => read(reference, builder)))
  return withoutPartner(
    blueprint,
    partners.filter((one) => one !== undefined),
  )
}

async function read(
  reference: string,
  builder: Pick<ContainerBuilder, 'blueprint'>,
): Promise<Blueprint | undefined> {
  try {
    return await builder.blueprint(reference)
  } catch (error) {
    if (error instanceof DockerError && error.code === 'not_found') return undefined
    throw error
  }
}
