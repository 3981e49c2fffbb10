import type { Blueprint, ContainerBuilder, HostConfig, Specification } from '../../src/host/builder.ts'
import { DockerError } from '../../src/host/docker.ts'
import type { SimulatedContainer, SimulatedDocker } from './simulated-docker.ts'
import type { SimulatedHost } from './simulated-host.ts'

/** What a container of the simulated engine was made from; all of it has a plain default. */
export type Made = { -readonly [K in keyof Blueprint]?: Blueprint[K] }

/** Takes containers of the simulated engine apart and puts them together, as an engine does. */
export class SimulatedBuilder {
  /** What containers were made from, by id. */
  readonly made = new Map<string, Made>()
  /** Images by reference, where it is not the one that a container has been made from. */
  readonly images = new Map<string, string | undefined>()
  readonly #engine: SimulatedDocker
  readonly #host: SimulatedHost

  constructor(engine: SimulatedDocker, host: SimulatedHost) {
    this.#engine = engine
    this.#host = host
  }

  /** Says what a container was made from, where it is not plain. */
  make(container: SimulatedContainer, made: Made): void {
    this.made.set(container.id, made)
  }

  #find(reference: string): SimulatedContainer {
    const all = [...this.#engine.containers.values()]
    const found = all.find(({ id, name }) => id === reference || name === reference)
    if (found === undefined) throw new DockerError('not_found', `no such container: ${reference}`)
    return found
  }

  #blueprint(container: SimulatedContainer): Blueprint {
    const { id, name, imageId, image, labels, limits, networkOf } = container
    const { Config, HostConfig, ...made } = this.made.get(id) ?? {}
    return {
      Id: id,
      Name: `/${name}`,
      Image: imageId,
      State: { Status: container.state, StartedAt: container.startedAt },
      Config: { Image: image, Hostname: id.slice(0, 12), Cmd: ['sleep', '1'], Labels: labels, ...Config },
      HostConfig: {
        NetworkMode: networkOf === undefined ? 'bridge' : `container:${networkOf}`,
        PidsLimit: limits.pids ?? null,
        Memory: limits.memory ?? 0,
        NanoCpus: (limits.cpu ?? 0) * 1e9,
        ...HostConfig,
      },
      Mounts: [],
      Networks: networkOf === undefined ? { bridge: {} } : {},
      ...made,
    }
  }

  #networks(id: string, change: (networks: Record<string, object>) => void): void {
    const networks: Record<string, object> = { ...this.#blueprint(this.#find(id)).Networks }
    change(networks)
    this.made.set(id, { ...this.made.get(id), Networks: networks as Blueprint['Networks'] })
  }

  readonly builder: ContainerBuilder = {
    list: async () => [...this.#engine.containers.keys()],
    blueprint: async (reference, size = false) => ({
      ...this.#blueprint(this.#find(reference)),
      ...(size && { sizeRw: 4096 }),
    }),
    imageId: async (reference) => {
      if (this.images.has(reference)) return this.images.get(reference)
      const all = [...this.#engine.containers.values()]
      return all.find(({ image, imageId }) => image === reference || imageId === reference)?.imageId
    },
    rename: async (id, name) => {
      const container = this.#find(id)
      this.#refuseTaken(name)
      this.#host.effects.push(`rename ${container.name} ${name}`)
      container.name = name
    },
    create: async (name, specification) => {
      this.#refuseTaken(name)
      this.#host.effects.push(`create ${name}`)
      const { HostConfig, NetworkingConfig, ...config } = specification
      const container = this.#engine.twin(name, this.#like(specification), recordOf(specification))
      const { id } = container
      this.made.set(id, {
        Config: { ...config, Hostname: config.Hostname || id.slice(0, 12), Entrypoint: null },
        HostConfig,
        Mounts: (HostConfig.Mounts ?? []).map(({ Type = '', Source = '', Target = '' }) => ({
          Type,
          Name: Source,
          Source: `/volumes/${Source}`,
          Destination: Target,
          RW: true,
        })),
        Networks: NetworkingConfig.EndpointsConfig,
      })
      return id
    },
    connect: async (network, id, endpoint) => {
      this.#host.effects.push(`connect ${this.#find(id).name} ${network}`)
      this.#networks(id, (networks) => {
        networks[network] = endpoint
      })
    },
    disconnect: async (network, id) => {
      this.#host.effects.push(`disconnect ${this.#find(id).name} ${network}`)
      this.#networks(id, (networks) => delete networks[network])
    },
    remove: async (id) => {
      const container = this.#engine.containers.get(id)
      if (container === undefined) return
      this.#host.effects.push(`remove ${container.name}`)
      this.#engine.remove(container)
    },
  }

  #refuseTaken(name: string): void {
    if ([...this.#engine.containers.values()].some((one) => one.name === name))
      throw new DockerError('conflict', `the name ${name} is taken`)
  }

  /** The container whose processes the new one will have: that of the same image. */
  #like({ Image }: Specification): SimulatedContainer {
    const all = [...this.#engine.containers.values()]
    const found = all.find(({ image, imageId }) => image === Image || imageId === Image)
    if (found === undefined) throw new DockerError('not_found', 'no such image')
    return found
  }
}

function recordOf({ Image, Labels, HostConfig }: Specification): Partial<SimulatedContainer> {
  const { PidsLimit, Memory, NanoCpus } = HostConfig
  const networkOf = /^container:(.+)$/.exec(HostConfig.NetworkMode ?? '')?.[1]
  return {
    image: Image,
    labels: { ...Labels },
    limits: {
      ...positive('pids', PidsLimit),
      ...positive('memory', Memory),
      ...positive('cpu', Number(NanoCpus ?? 0) / 1e9),
    },
    ...(networkOf !== undefined && { networkOf }),
  }
}

function positive(name: string, value: HostConfig[string]): object {
  return typeof value === 'number' && value > 0 ? { [name]: value } : {}
}
