import { createHash } from 'node:crypto'
import { type ContainerRecord, type Docker, DockerError } from '../../src/host/docker.ts'
import type { Inventory, InventoryState, KnownContainer } from '../../src/host/inventory.ts'
import type { SimulatedHost } from './simulated-host.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** A container of the simulated engine; its record can be changed as the engine would. */
export type SimulatedContainer = Writable<KnownContainer>

/** What a new container is like. `fill` starts its processes, now and at each later start, and returns its init. */
export interface ContainerPlan {
  readonly name: string
  readonly labels?: Record<string, string>
  readonly record?: Partial<ContainerRecord>
  readonly imageLabels?: Record<string, string>
  fill(containerId: string): number
}

type Verb = 'inspect' | 'stop' | 'start' | 'update' | 'pause' | 'unpause' | 'logs'

/** A Docker engine over a simulated host, and the inventory of its containers. */
export class SimulatedDocker {
  readonly containers = new Map<string, SimulatedContainer>()
  readonly #fills = new Map<string, (id: string) => number>()
  readonly #ever = new Set<string>()
  readonly #host: SimulatedHost
  #lives = 0
  /** Errors that the next calls of a verb throw, before anything happens. */
  readonly failures: Record<Verb, Error[]> = {
    inspect: [],
    stop: [],
    start: [],
    update: [],
    pause: [],
    unpause: [],
    logs: [],
  }
  /** What containers have written, by id. */
  readonly logs = new Map<string, readonly string[]>()
  /** Called when a container was stopped, before it is started again. */
  onStopped: (container: SimulatedContainer) => void = () => {}
  /**
   * Milliseconds that a stop goes on in the engine after the caller was told that it took too long; until then the
   * old life runs, and a start is answered as if it had worked. Undefined: a stop is over when it is answered.
   */
  slowStop: number | undefined
  /** Called when limits of a container were changed. */
  onUpdated: (container: SimulatedContainer) => void = () => {}
  /** Limits are configured, and the kernel does not hold them. */
  deafKernel = false
  connection: InventoryState = { connected: true, listedAt: 0, error: undefined }

  constructor(host: SimulatedHost) {
    this.#host = host
  }

  add({ name, labels = {}, record = {}, imageLabels = {}, fill }: ContainerPlan): SimulatedContainer {
    const id = createHash('sha256').update(`${name} ${this.#ever.size}`).digest('hex')
    const container: SimulatedContainer = {
      id,
      name,
      image: `${name}:1`,
      imageId: `sha256:${name}`,
      state: 'created',
      pid: 0,
      startedAt: '0001-01-01T00:00:00Z',
      health: 'none',
      restarts: 0,
      exitCode: 0,
      limits: {},
      labels,
      imageLabels,
      autoRemove: false,
      swarmTask: false,
      stopTimeout: 10,
      ...record,
    }
    this.containers.set(id, container)
    this.#ever.add(id)
    this.#fills.set(id, fill)
    this.run(container)
    return container
  }

  /** The container begins a life: new pids, and a start time of its own, in nanoseconds as Docker gives it. */
  run(container: SimulatedContainer): void {
    this.#host.thaw(container.id)
    container.pid = this.#fills.get(container.id)?.(container.id) ?? 0
    container.state = 'running'
    const moment = new Date(this.#host.clock.now()).toISOString().slice(0, -1)
    container.startedAt = `${moment}${String(++this.#lives).padStart(6, '0')}Z`
    this.#host.inits.set(container.id, container.pid)
  }

  /** Every process of the container ends. */
  halt(container: SimulatedContainer): void {
    for (const { pid } of this.#host.in(container.id)) this.#host.processes.delete(pid)
    container.state = 'exited'
    container.pid = 0
  }

  /** A container that does not run yet, and will be filled as another one is. */
  twin(name: string, like: SimulatedContainer, record: Partial<ContainerRecord>): SimulatedContainer {
    const fill = this.#fills.get(like.id) ?? (() => 0)
    const { imageId, imageLabels = {}, stopTimeout } = like
    const container = this.add({
      name,
      imageLabels,
      fill: () => 0,
      record: { imageId, stopTimeout, ...record },
    })
    this.halt(container)
    Object.assign(container, { state: 'created', startedAt: '0001-01-01T00:00:00Z' })
    this.#fills.set(container.id, fill)
    return container
  }

  /** docker rm -f. */
  remove(container: SimulatedContainer): void {
    this.halt(container)
    this.containers.delete(container.id)
  }

  #find(verb: Verb, id: string): SimulatedContainer {
    const failure = this.failures[verb].shift()
    if (failure) throw failure
    const container = this.containers.get(id)
    if (container === undefined) throw new DockerError('not_found', `${verb} ${id}: no such container`)
    return container
  }

  readonly docker: Docker = {
    ping: async () => {},
    list: async () => [...this.containers.keys()],
    inspect: async (id) => ({ ...this.#find('inspect', id) }),
    imageLabels: async () => ({}),
    events: async () => {},
    stop: async (id, grace) => {
      const container = this.#find('stop', id)
      this.#host.effects.push(`stop ${container.name} ${grace}`)
      const end = (): void => {
        this.halt(container)
        this.onStopped(container)
      }
      if (this.slowStop === undefined) return end()
      this.#host.clock.sleep(this.slowStop).then(end, () => {})
      throw new DockerError('timeout', `stop ${id}: no answer within ${grace + 10} s`)
    },
    start: async (id) => {
      const container = this.#find('start', id)
      this.#host.effects.push(`start ${container.name}`)
      if (container.state === 'paused') throw new DockerError('failed', `start ${id}: it is paused`)
      // What runs already is answered with 304, which is a success that changes nothing.
      if (container.state !== 'running') this.run(container)
    },
    update: async (id, change) => {
      const container = this.#find('update', id)
      this.#host.effects.push(`limit ${container.name} ${told(change)}`)
      const limits = Object.entries({ ...container.limits, ...change })
      container.limits = Object.fromEntries(limits.filter(([, limit]) => limit > 0))
      if (this.deafKernel) return
      const { pids, memory, memorySwap, memoryReservation, cpu } = container.limits
      const files: Record<string, number | undefined> = {
        ...this.#host.cgroupFiles.get(id),
        ...('pids' in change && { pidsLimit: pids }),
        ...('memory' in change && { memoryLimit: memory }),
        ...('memorySwap' in change && { memorySwapLimit: memorySwap }),
        ...('memoryReservation' in change && { memoryReservation }),
        ...('cpu' in change && { cpuLimit: cpu }),
      }
      const present = Object.entries(files).filter(([, limit]) => limit !== undefined)
      this.#host.cgroupFiles.set(id, Object.fromEntries(present))
      this.onUpdated(container)
    },
    pause: async (id) => {
      const container = this.#find('pause', id)
      if (container.state === 'paused') return false
      this.#host.effects.push(`pause ${container.name}`)
      container.state = 'paused'
      this.#host.freeze(id)
      return true
    },
    unpause: async (id) => {
      const container = this.#find('unpause', id)
      if (container.state !== 'paused') return
      this.#host.effects.push(`unpause ${container.name}`)
      container.state = 'running'
      this.#host.thaw(id)
    },
    logs: async (id, lines) => {
      this.#find('logs', id)
      return (this.logs.get(id) ?? []).slice(-lines)
    },
  }

  readonly inventory: Inventory = {
    state: () => this.connection,
    containers: () => [...this.containers.values()],
    get: (id) => this.containers.get(id),
    everKnew: (id) => this.#ever.has(id),
    refresh: async (id) => {
      try {
        return { ...this.#find('inspect', id) }
      } catch (error) {
        if (error instanceof DockerError && error.code === 'not_found') return undefined
        throw error
      }
    },
    follow: async () => {},
  }
}

/** `100`, where the PID limit alone is changed; else `memory=1 cpu=2`. */
function told(change: object): string {
  const entries = Object.entries(change)
  const [only] = entries
  if (entries.length === 1 && only?.[0] === 'pids') return String(only[1])
  return entries.map(([name, limit]) => `${name}=${limit}`).join(' ')
}

/** What a call to an engine that is away throws. */
export const unreachable = (): DockerError =>
  new DockerError('unreachable', 'connect ENOENT /var/run/docker.sock')
