import Dockerode from 'dockerode'
import type { Blueprint, ContainerBuilder } from './builder.ts'
import { DockerError } from './docker.ts'
import { call, short } from './docker-call.ts'

/** How long the engine may take to make or remove a container: layers are written and deleted. Milliseconds. */
const patience = 60_000

/** A builder over the Unix socket at `socketPath`. */
export function createBuilder(socketPath: string): ContainerBuilder {
  const engine = new Dockerode({ socketPath })

  async function blueprint(reference: string, size = false): Promise<Blueprint> {
    const info = await call(`inspect container ${short(reference)}`, (abortSignal) => {
      const options = { size, abortSignal }
      return engine.getContainer(reference).inspect(options)
    })
    const written = 'SizeRw' in info && typeof info.SizeRw === 'number' ? { sizeRw: info.SizeRw } : {}
    const { Id, Name, Image, State, Mounts, NetworkSettings } = info
    return {
      ...{ Id, Name, Image, State, Mounts, ...written },
      Config: info.Config,
      HostConfig: { ...info.HostConfig },
      Networks: Object.fromEntries(
        Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => [name, { ...endpoint }]),
      ),
    }
  }

  return {
    async list() {
      const summaries = await call('list containers', (abortSignal) =>
        engine.listContainers({ all: true, abortSignal }),
      )
      return summaries.map(({ Id }) => Id)
    },
    blueprint,
    async imageId(reference) {
      try {
        return (await call('inspect an image', () => engine.getImage(reference).inspect())).Id
      } catch (error) {
        if (error instanceof DockerError && error.code === 'not_found') return undefined
        throw error
      }
    },
    async rename(id, name) {
      await call(`rename container ${short(id)} to ${name}`, (abortSignal) =>
        engine.getContainer(id).rename({ name, abortSignal }),
      )
    },
    async create(name, specification) {
      const container = await call(
        `create container ${name}`,
        // Without the underscores dockerode would repeat the body, environment and all, in the URL.
        (abortSignal) => {
          const options = { _query: { name }, _body: specification, abortSignal }
          return engine.createContainer(options)
        },
        patience,
      )
      return container.id
    },
    async connect(network, id, endpoint) {
      await call(
        `connect container ${short(id)} to a network`,
        (abortSignal) => {
          const options: object = { Container: id, EndpointConfig: endpoint, abortSignal }
          return engine.getNetwork(network).connect(options)
        },
        patience,
      )
    },
    async disconnect(network, id) {
      await call(
        `disconnect container ${short(id)} from a network`,
        (abortSignal) => engine.getNetwork(network).disconnect({ Container: id, abortSignal }),
        patience,
      )
    },
    async remove(id) {
      try {
        await call(
          `remove container ${short(id)}`,
          (abortSignal) => engine.getContainer(id).remove({ force: true, v: false, abortSignal }),
          patience,
        )
      } catch (error) {
        if (!(error instanceof DockerError && error.code === 'not_found')) throw error
      }
    },
  }
}
