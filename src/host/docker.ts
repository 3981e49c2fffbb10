/** What State.Status of a container can say (Docker API, ContainerInspect). */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'

/** What of ContainerInspect pidwarden keeps. The environment, arguments and mounts can hold secrets and stay out. */
export interface ContainerRecord {
  readonly id: string
  /** Without the leading slash that the API puts before it. */
  readonly name: string
  /** The reference that the container was created from, such as `node:24-bookworm-slim`. */
  readonly image: string
  readonly imageId: string
  readonly state: ContainerState
  /** Pid of the container's init in the host's PID namespace; 0 unless it runs. */
  readonly pid: number
  /** RFC 3339 with nanoseconds, verbatim: with the id it names one life of the container. */
  readonly startedAt: string
  /** none = the container has no health check. */
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy'
  readonly restarts: number
  /** Of the last run; 0 while it has never ended. */
  readonly exitCode: number
  /** What HostConfig asks of the kernel; absent = nothing. */
  readonly limits: ConfiguredLimits
  /** Labels as inspect gives them: those of the image are among them. */
  readonly labels: Readonly<Record<string, string>>
  /** Started with --rm: Docker removes it when it stops. */
  readonly autoRemove: boolean
  /** A task of a Swarm service, which Swarm replaces by itself. */
  readonly swarmTask: boolean
  /** Id of the container whose network namespace it shares. HostConfig.NetworkMode `container:<id>` */
  readonly networkOf?: string
  /** Its IPv4 addresses, by the name of the network; absent where it has none, or shares those of another. */
  readonly addresses?: Readonly<Record<string, string>>
  /** HostConfig.StopTimeout of the container, seconds; 10 when it has none. */
  readonly stopTimeout: number
  /** HostConfig.Init: Docker's own init is its PID 1. Absent: it was not asked for, and the engine may still add it. */
  readonly init?: boolean
  /** HostConfig.Ulimits by their names, soft and hard; absent = none. */
  readonly ulimits?: Readonly<Record<string, readonly [soft: number, hard: number]>>
  /** Whether its log has an end (HostConfig.LogConfig, of json-file and local); absent = another driver keeps it. */
  readonly logRotates?: boolean
}

/** Limits as Docker has them configured (HostConfig); what the kernel holds may differ. */
export interface ConfiguredLimits {
  readonly pids?: number
  /** Bytes. */
  readonly memory?: number
  /** Memory and swap together, bytes; -1 = no limit of swap. */
  readonly memorySwap?: number
  /** Bytes. */
  readonly memoryReservation?: number
  /** Cores. */
  readonly cpu?: number
}

/** What limits are changed to; what is absent stays. -1 = none: for pids, cpu and memorySwap alone. */
export type LimitsChange = ConfiguredLimits

/** One line of GET /events about a container. */
export interface ContainerEvent {
  readonly action: string
  readonly id: string
  /** Of the container at that moment. */
  readonly name: string
}

/** The Docker Engine API as far as pidwarden uses it. Every call has a deadline and throws DockerError. */
export interface Docker {
  /** Answers when the engine does. */
  ping(): Promise<void>
  /** Ids of all containers, running or not. */
  list(): Promise<readonly string[]>
  inspect(id: string): Promise<ContainerRecord>
  /** Config.Labels of an image; undefined when the image was removed: then nobody knows any more. */
  imageLabels(imageId: string): Promise<Readonly<Record<string, string>> | undefined>
  /** Calls back for each container event until `signal` aborts (resolves) or the stream breaks (throws). */
  events(onEvent: (event: ContainerEvent) => void, signal: AbortSignal): Promise<void>
  /** Sends StopSignal, waits `grace` seconds, kills. Already stopped is success. */
  stop(id: string, grace: number): Promise<void>
  /** Already running is success. */
  start(id: string): Promise<void>
  /** Changes limits of a container, running or not. POST /containers/{id}/update */
  update(id: string, limits: LimitsChange): Promise<void>
  /** Freezes every process of a container. False = it was paused already, by whomever. */
  pause(id: string): Promise<boolean>
  /** Takes that back. Not paused is success. */
  unpause(id: string): Promise<void>
  /** The last lines that a container has written, standard output and error together, oldest first; as they are. */
  logs(id: string, lines: number): Promise<readonly string[]>
}

/** Why a call to Docker failed, in words that code can act on. */
export type DockerErrorCode = 'unreachable' | 'timeout' | 'not_found' | 'conflict' | 'refused' | 'failed'

/** A failed call to Docker: what was tried, on what, what came back. */
export class DockerError extends Error {
  override readonly name = 'DockerError'
  readonly code: DockerErrorCode
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean

  constructor(code: DockerErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.retryable = code === 'unreachable' || code === 'timeout'
  }
}
