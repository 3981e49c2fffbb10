import type { SimulatedContainer, SimulatedDocker } from './simulated-docker.ts'
import { type SimulatedHost, type SimulatedProcess, type Spawn, value } from './simulated-host.ts'

/** What all processes of one server have in common. */
export interface ServerOptions {
  readonly age?: number
  readonly stubborn?: boolean
  readonly env?: readonly string[]
  readonly listens?: Spawn['listens']
}

/** A running server: `npm exec X` -> `sh -c X` -> `node …/X`. */
export interface Server {
  readonly wrapper: SimulatedProcess
  readonly shell: SimulatedProcess
  readonly leaf: SimulatedProcess
}

/** Starts a server below `ppid` as npm does. */
export function startServer(
  host: SimulatedHost,
  containerId: string,
  ppid: number,
  name = 'memory',
  { age = 600, stubborn = false, env = ['PATH=/usr/bin'], listens = value(false) }: ServerOptions = {},
): Server {
  const common = { age, stubborn, environ: value(env) }
  const wrapper = host.spawn(containerId, { ...common, ppid, argv: [`npm exec mcp-${name}`] })
  const shell = host.spawn(containerId, { ...common, ppid: wrapper.pid, argv: ['sh', '-c', `mcp-${name}`] })
  const argv = ['node', `/srv/node_modules/.bin/mcp-${name}`]
  const leaf = host.spawn(containerId, { ...common, ppid: shell.pid, argv, listens })
  return { wrapper, shell, leaf }
}

/** A container in which a gateway keeps servers, and the ways in which it leaks. */
export interface Gateway {
  readonly container: SimulatedContainer
  /** The pid of the gateway in the present life of the container; init is above it. */
  gateway(): number
  /** The server that belongs there. */
  readonly legitimate: Server
  /** Starts exact copies of the server. */
  duplicate(count: number, options?: ServerOptions): readonly Server[]
  /** Starts exact copies whose wrapper has ended. */
  orphan(count: number, options?: ServerOptions): readonly Server[]
  /** From now on a server that ends below the gateway is started again at once. */
  respawn(): void
}

/** Adds a container with init, gateway and one server. */
export function addGateway(
  host: SimulatedHost,
  engine: SimulatedDocker,
  name = 'metamcp',
  labels: Record<string, string> = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' },
): Gateway {
  let gateway = 0
  let legitimate: Server | undefined
  const container = engine.add({
    name,
    labels,
    fill(id) {
      const init = host.spawn(id, { argv: ['tini', '--', 'node', '/app/gateway.js'], age: 3600 })
      gateway = host.spawn(id, { ppid: init.pid, argv: ['node', '/app/gateway.js'], age: 3600 }).pid
      legitimate = startServer(host, id, gateway, 'memory', { age: 3000 })
      return init.pid
    },
  })
  if (legitimate === undefined) throw new Error('the container was not filled')
  const start = (count: number, options?: ServerOptions): Server[] =>
    Array.from({ length: count }, () => startServer(host, container.id, gateway, 'memory', options))
  return {
    container,
    gateway: () => gateway,
    legitimate,
    duplicate: start,
    orphan(count, options) {
      const servers = start(count, options)
      for (const { wrapper } of servers) host.end(wrapper.pid)
      return servers
    },
    respawn() {
      host.onEnd = (process) => {
        if (process.ppid === gateway) startServer(host, container.id, gateway, 'memory', { age: 0 })
      }
    },
  }
}

/** All pids of servers, for comparisons. */
export const pidsOf = (servers: readonly Server[]): readonly number[] =>
  servers.flatMap(({ wrapper, shell, leaf }) => [wrapper.pid, shell.pid, leaf.pid])
