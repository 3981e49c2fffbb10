/** What the network of a container was told about it, and what came of that (Docker API, EndpointSettings). */
export interface Endpoint {
  readonly [key: string]: unknown
  readonly IPAMConfig?: Readonly<Record<string, unknown>> | null | undefined
  readonly Aliases?: readonly string[] | null | undefined
  readonly Links?: readonly string[] | null | undefined
  readonly DriverOpts?: Readonly<Record<string, string>> | null | undefined
  readonly NetworkID?: string | undefined
}

/** A mount as a container has it (Docker API, MountPoint). */
export interface MountPoint {
  readonly Type: string
  readonly Name?: string | undefined
  readonly Source: string
  readonly Destination: string
  readonly RW: boolean
}

/** A mount as it was asked for (Docker API, Mount). A volume without a source is an anonymous one. */
export interface MountRequest {
  readonly Type?: string | undefined
  readonly Source?: string | undefined
  readonly Target?: string | undefined
}

/** The part of a blueprint that does not depend on the host (Docker API, ContainerConfig); other keys as they are. */
export interface ContainerConfig {
  readonly [key: string]: unknown
  readonly Image: string
  readonly Hostname?: string | undefined
  readonly MacAddress?: string | undefined
  readonly Labels?: Readonly<Record<string, string>> | null | undefined
  readonly Entrypoint?: string | readonly string[] | null | undefined
}

/** The part that does (Docker API, HostConfig); other keys as they are. */
export interface HostConfig {
  readonly [key: string]: unknown
  readonly NetworkMode?: string | undefined
  readonly PidMode?: string | undefined
  readonly IpcMode?: string | undefined
  readonly UTSMode?: string | undefined
  readonly Binds?: readonly string[] | null | undefined
  readonly Links?: readonly string[] | null | undefined
  readonly Mounts?: readonly MountRequest[] | null | undefined
}

/**
 * Everything that ContainerInspect says of a container. It holds its environment and its command line: no part of it may
 * reach the journal, a log, a metric or an error.
 */
export interface Blueprint {
  readonly Id: string
  /** With a slash before it. */
  readonly Name: string
  /** Id of the image. */
  readonly Image: string
  readonly State: { readonly Status: string; readonly StartedAt: string }
  readonly Config: ContainerConfig
  readonly HostConfig: HostConfig
  readonly Mounts: readonly MountPoint[]
  readonly Networks: Readonly<Record<string, Endpoint>>
  /** Bytes that it has written into its own layer; only when it was asked for, and could be told. */
  readonly sizeRw?: number
}

/** What a new container is made from: the body of POST /containers/create. */
export interface Specification extends ContainerConfig {
  readonly HostConfig: HostConfig
  readonly NetworkingConfig: { readonly EndpointsConfig: Readonly<Record<string, Endpoint>> }
}

/** What takes containers apart and puts them together again. Every call has a deadline and throws DockerError. */
export interface ContainerBuilder {
  /** Ids of all containers, running or not. */
  list(): Promise<readonly string[]>
  /** `reference`: id or name. With `size` also what it has written, which takes its time. */
  blueprint(reference: string, size?: boolean): Promise<Blueprint>
  /** Id of the image that a reference stands for now; undefined when there is none. */
  imageId(reference: string): Promise<string | undefined>
  rename(id: string, name: string): Promise<void>
  /** Returns the id. Nothing of it runs yet. */
  create(name: string, specification: Specification): Promise<string>
  /** One that does not run yet is connected when it is started. `network`: id or name. */
  connect(network: string, id: string, endpoint: Endpoint): Promise<void>
  disconnect(network: string, id: string): Promise<void>
  /** Removes a container, running or not; its volumes stay. One that is gone is success. */
  remove(id: string): Promise<void>
}

/** The reference that a container was first created from, where it was recreated by the id of its image. */
export const imageLabel = 'pidwarden.image'

/**
 * What the image of a container is called. The label counts only where there is no better name, and only when it was put
 * on the container: `imageLabels` are those of its image, undefined when nobody knows them.
 */
export function imageReference(
  { image, labels }: { readonly image: string; readonly labels: Readonly<Record<string, string>> },
  imageLabels: Readonly<Record<string, string>> | undefined,
): string {
  const label = labels[imageLabel]
  const isOwn = label !== undefined && imageLabels !== undefined && imageLabels[imageLabel] !== label
  return isOwn && image.startsWith('sha256:') ? label : image
}
