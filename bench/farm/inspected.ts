import { createDocker } from '../../src/host/dockerode.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'

/** Containers as pidwarden's inventory would know them. */
export async function inspected(socket: string, ids: readonly string[]): Promise<readonly KnownContainer[]> {
  const docker = createDocker(socket)
  const containers: KnownContainer[] = []
  for (const id of ids) containers.push({ ...(await docker.inspect(id)), imageLabels: {} })
  return containers
}
