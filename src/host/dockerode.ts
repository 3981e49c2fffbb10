import { createInterface } from 'node:readline'
import Dockerode from 'dockerode'
import {
  type ConfiguredLimits,
  type ContainerEvent,
  type ContainerRecord,
  type ContainerState,
  type Docker,
  DockerError,
  type LimitsChange,
} from './docker.ts'
import { errorCode, errorMessage } from './reading.ts'

/** How long one call to the engine may take, milliseconds, unless the call itself waits (stop). */
const deadline = 10_000

/** A Docker over the Unix socket at `socketPath`. No API version is pinned: the engine's own is spoken. */
export function createDocker(socketPath: string): Docker {
  const engine = new Dockerode({ socketPath })

  async function inspect(id: string): Promise<ContainerRecord> {
    return record(
      await call(`inspect container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).inspect({ abortSignal }),
      ),
    )
  }

  return {
    async ping() {
      await call('ping the engine', () => engine.ping())
    },
    async list() {
      const summaries = await call('list containers', (abortSignal) =>
        engine.listContainers({ all: true, abortSignal }),
      )
      return summaries.map(({ Id }) => Id)
    },
    inspect,
    async imageLabels(imageId) {
      try {
        const image = await call(`inspect image ${imageId}`, () => engine.getImage(imageId).inspect())
        return image.Config?.Labels ?? {}
      } catch (error) {
        if (error instanceof DockerError && error.code === 'not_found') return undefined
        throw error
      }
    },
    events: (onEvent, signal) => follow(engine, onEvent, signal),
    async stop(id, grace) {
      await call(
        `stop container ${short(id)}`,
        (abortSignal) => engine.getContainer(id).stop({ t: grace, abortSignal }),
        deadline + grace * 1000,
      ).catch(unlessNotModified)
    },
    async start(id) {
      await call(`start container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).start({ abortSignal }),
      ).catch(unlessNotModified)
    },
    async update(id, limits) {
      const what = `change the limits of container ${short(id)}`
      const container = engine.getContainer(id)
      const { HostConfig: before } = await call(what, (abortSignal) => container.inspect({ abortSignal }))
      await call(what, () => container.update(hostConfig(limits, before)))
    },
    async pause(id) {
      const pausing = call(`pause container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).pause({ abortSignal }),
      )
      return pausing.then(
        () => true,
        async (error: unknown) => {
          await unlessAlready(() => inspect(id), 'paused')(error)
          return false
        },
      )
    },
    async unpause(id) {
      await call(`unpause container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).unpause({ abortSignal }),
      ).catch(unlessAlready(() => inspect(id), 'running'))
    },
    async logs(id, lines) {
      const written = await call(`read the log of container ${short(id)}`, (abortSignal) =>
        engine.getContainer(id).logs({ stdout: true, stderr: true, tail: lines, abortSignal }),
      )
      return logLines(written).slice(-lines)
    },
  }
}

/** An id as people know it. */
export const short = (id: string): string => id.slice(0, 12)

/** One call to the engine within `ms` milliseconds. `what`: as in `could not stop it`. Throws DockerError. */
export async function call<T>(
  what: string,
  run: (signal: AbortSignal) => Promise<T>,
  ms = deadline,
): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  try {
    return await Promise.race([run(signal), aborted(signal)])
  } catch (error) {
    throw translate(what, error, signal.aborted ? ms : undefined)
  }
}

/** Not every dockerode method takes an AbortSignal; none may outlive its deadline all the same. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** The only place that knows how dockerode reports: a plain Error with statusCode for HTTP, code for the socket. */
function translate(what: string, error: unknown, timedOutAfter?: number): DockerError {
  const tried = `could not ${what}`
  if (timedOutAfter !== undefined) {
    return new DockerError('timeout', `${tried}: no answer within ${timedOutAfter / 1000} s`, error)
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  const detail = errorMessage(error)
  if (typeof status !== 'number') {
    const hint = errorCode(error) === 'EACCES' ? ' (pidwarden may not open the Docker socket)' : ''
    return new DockerError('unreachable', `${tried}: Docker is not reachable: ${detail}${hint}`, error)
  }
  const code =
    status === 304 || status === 409
      ? 'conflict'
      : status === 404
        ? 'not_found'
        : status === 403
          ? 'refused'
          : 'failed'
  return new DockerError(code, `${tried}: Docker answered ${status}: ${withoutArguments(detail)}`, error)
}

/**
 * Docker repeats what it could not start, mount or open, as in `exec: "/srv/x": stat /srv/x: no such file`: quoted, or
 * a path. It comes from a command line, where secrets are, and what is thrown here goes into the journal.
 */
function withoutArguments(detail: string): string {
  const quoted = /"((?:[^"\\]|\\.)*)"/g
  const said = [...detail.matchAll(quoted)].map(([, text = '']) => text)
  // What stands in quotes may stand there again without; three letters are part of many words, and no secret.
  const repeated = said.filter((text) => text.length > 3)
  return repeated
    .reduce((text, one) => text.replaceAll(one, '…'), detail)
    .replaceAll(quoted, '"…"')
    .split(' ')
    .map((word) => (/[/=]/.test(word) ? `…${/[:,;)]*$/.exec(word)?.[0] ?? ''}` : word))
    .join(' ')
}

/** 304 says that the container already is where the call would bring it; dockerode rejects it. */
function unlessNotModified(error: unknown): void {
  if (error instanceof DockerError && error.cause instanceof Error) {
    if ('statusCode' in error.cause && error.cause.statusCode === 304) return
  }
  throw error
}

/**
 * Pausing what is paused is refused with 409, unpausing what runs with 500: what the container is then says more. Where
 * it cannot be asked, it is refused all the same, and nobody need wait for what was not done.
 */
function unlessAlready(look: () => Promise<ContainerRecord>, wanted: ContainerState) {
  return async (error: unknown): Promise<void> => {
    if (error instanceof DockerError && !error.retryable && error.code !== 'not_found') {
      const now = await look().catch(() => undefined)
      if (now?.state === wanted) return
    }
    throw error
  }
}

/** The period that the kernel has unless told otherwise, microseconds (cpu.max, cpu.cfs_period_us). */
const usualPeriod = 100_000

/**
 * What POST /containers/{id}/update is asked for. Docker refuses CPU quotas where NanoCpus is set and the other way
 * round, and NanoCpus cannot be taken back: what had no limit gets a quota. With the period that it has, or none: one
 * that is given cannot be taken back either, and from then on Docker would refuse `--cpus` of whoever comes later.
 */
function hostConfig(
  { pids, memory, memorySwap, memoryReservation, cpu }: LimitsChange,
  { NanoCpus, CpuPeriod }: Dockerode.HostConfig,
): object {
  const byQuota = cpu !== undefined && (cpu <= 0 || !NanoCpus)
  return {
    ...(pids !== undefined && { PidsLimit: pids }),
    ...(memory !== undefined && { Memory: memory }),
    ...(memorySwap !== undefined && { MemorySwap: memorySwap }),
    ...(memoryReservation !== undefined && { MemoryReservation: memoryReservation }),
    ...(cpu !== undefined && !byQuota && { NanoCpus: Math.round(cpu * 1e9) }),
    ...(byQuota && { CpuQuota: cpu > 0 ? Math.round(cpu * (CpuPeriod || usualPeriod)) : -1 }),
    ...(byQuota && CpuPeriod && { CpuPeriod }),
  }
}

/**
 * The lines of GET /containers/{id}/logs. Without a terminal each stretch comes behind a header of 8 bytes: stream, three
 * zeros, length (Docker Engine API, ContainerAttach, stream format).
 */
function logLines(bytes: Buffer): readonly string[] {
  const parts: Buffer[] = []
  let at = 0
  while (at + 8 <= bytes.length && (bytes[at] ?? 3) <= 2 && bytes.readUIntBE(at + 1, 3) === 0) {
    const end = at + 8 + bytes.readUInt32BE(at + 4)
    parts.push(bytes.subarray(at + 8, end))
    at = end
  }
  const text = (parts.length > 0 ? Buffer.concat(parts) : bytes).toString('utf8')
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '')
}

async function follow(
  engine: Dockerode,
  onEvent: (event: ContainerEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const stream = await engine
    .getEvents({ filters: { type: ['container'] }, abortSignal: signal })
    .catch((error: unknown) => {
      throw translate('follow events', error)
    })
  try {
    for await (const line of createInterface({ input: stream })) {
      const event: unknown = JSON.parse(line)
      if (isContainerEvent(event)) onEvent({ action: event.Action, id: event.Actor.ID })
    }
  } catch (error) {
    if (!signal.aborted) throw translate('follow events', error)
  }
  if (!signal.aborted) throw new DockerError('unreachable', 'Docker ended the event stream')
}

function isContainerEvent(event: unknown): event is { Action: string; Actor: { ID: string } } {
  if (typeof event !== 'object' || event === null || !('Action' in event) || !('Actor' in event)) return false
  const { Action, Actor } = event
  return typeof Action === 'string' && typeof Actor === 'object' && Actor !== null && 'ID' in Actor
}

const states = new Set<string>(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'])
const isState = (status: string): status is ContainerState => states.has(status)

const healths = new Set<string>(['starting', 'healthy', 'unhealthy'])
const isHealth = (status: string): status is 'starting' | 'healthy' | 'unhealthy' => healths.has(status)

function record(info: Dockerode.ContainerInspectInfo): ContainerRecord {
  const { State: state, Config: config } = info
  const health = state.Health?.Status ?? 'none'
  return {
    id: info.Id,
    name: info.Name.replace(/^\//, ''),
    image: config.Image,
    imageId: info.Image,
    // An engine may learn a new word; a container in an unknown state is not one to act on.
    state: isState(state.Status) ? state.Status : 'dead',
    pid: state.Pid,
    startedAt: state.StartedAt,
    health: isHealth(health) ? health : 'none',
    restarts: info.RestartCount,
    exitCode: state.ExitCode,
    limits: configuredLimits(info.HostConfig),
    labels: config.Labels ?? {},
    autoRemove: info.HostConfig.AutoRemove === true,
    swarmTask: 'com.docker.swarm.task.id' in (config.Labels ?? {}),
    stopTimeout: stopTimeout(config),
    ...networkOf(info.HostConfig),
    ...addressesOf(info.NetworkSettings),
    ...(info.HostConfig.Init === true && { init: true }),
    ...ulimitsOf(info.HostConfig),
    ...logRotation(info.HostConfig),
  }
}

function ulimitsOf({ Ulimits }: Dockerode.HostConfig): Pick<ContainerRecord, 'ulimits'> {
  if (!Array.isArray(Ulimits) || Ulimits.length === 0) return {}
  const entries = Ulimits.map(({ Name = '', Soft = -1, Hard = -1 }): [string, readonly [number, number]] => [
    Name,
    [Soft, Hard],
  ])
  return { ulimits: Object.fromEntries(entries) }
}

/** The other options of a log driver can hold secrets. `local` rotates unless it is told not to, json-file if it is told to. */
function logRotation({ LogConfig }: Dockerode.HostConfig): Pick<ContainerRecord, 'logRotates'> {
  const size: unknown = LogConfig?.Config?.['max-size']
  const bounded = typeof size === 'string' && !/^-|^0+[a-z]*$/i.test(size)
  if (LogConfig?.Type === 'json-file') return { logRotates: bounded }
  return LogConfig?.Type === 'local' ? { logRotates: size === undefined || bounded } : {}
}

function addressesOf(
  settings: Partial<Dockerode.ContainerInspectInfo['NetworkSettings']> | undefined,
): Pick<ContainerRecord, 'addresses'> {
  const found = Object.entries(settings?.Networks ?? {})
    .map(([network, { IPAddress }]): [string, string] => [network, IPAddress ?? ''])
    .filter(([, address]) => address !== '')
  return found.length === 0 ? {} : { addresses: Object.fromEntries(found) }
}

function networkOf({ NetworkMode }: Dockerode.HostConfig): Pick<ContainerRecord, 'networkOf'> {
  const id = /^container:(.+)$/.exec(NetworkMode ?? '')?.[1]
  return id === undefined ? {} : { networkOf: id }
}

/** In HostConfig 0 stands for no limit, and for PidsLimit -1 and null as well. */
function configuredLimits({
  PidsLimit,
  Memory,
  MemorySwap,
  MemoryReservation,
  NanoCpus,
  CpuQuota,
  CpuPeriod,
}: Dockerode.HostConfig): ConfiguredLimits {
  const cpu = NanoCpus ? NanoCpus / 1e9 : CpuQuota && CpuQuota > 0 ? CpuQuota / (CpuPeriod || usualPeriod) : 0
  return {
    ...(PidsLimit && PidsLimit > 0 ? { pids: PidsLimit } : {}),
    ...(Memory && Memory > 0 ? { memory: Memory } : {}),
    ...(MemorySwap ? { memorySwap: MemorySwap } : {}),
    ...(MemoryReservation ? { memoryReservation: MemoryReservation } : {}),
    ...(cpu > 0 ? { cpu } : {}),
  }
}

/** Seconds; -1 stands for waiting without end, which nobody here can. */
function stopTimeout(config: object): number {
  return 'StopTimeout' in config && typeof config.StopTimeout === 'number' && config.StopTimeout >= 0
    ? config.StopTimeout
    : 10
}
