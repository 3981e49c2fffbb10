import type Dockerode from 'dockerode'
import type { ContainerRecord, ContainerState } from './docker.ts'
import { configuredLimits } from './docker-limits.ts'

const states = new Set<string>(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'])
const isState = (status: string): status is ContainerState => states.has(status)

const healths = new Set<string>(['starting', 'healthy', 'unhealthy'])
const isHealth = (status: string): status is 'starting' | 'healthy' | 'unhealthy' => healths.has(status)

/** What of ContainerInspect is kept; environment, arguments and mounts stay out. */
export function record(info: Dockerode.ContainerInspectInfo): ContainerRecord {
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

/** Seconds; -1 stands for waiting without end, which nobody here can. */
function stopTimeout(config: object): number {
  return 'StopTimeout' in config && typeof config.StopTimeout === 'number' && config.StopTimeout >= 0
    ? config.StopTimeout
    : 10
}
