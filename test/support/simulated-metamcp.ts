import { GatewayError, type GatewaySessions, type SessionApi } from '../../src/host/metamcp.ts'
import type { SimulatedContainer, SimulatedDocker } from './simulated-docker.ts'
import { type SimulatedHost, type SimulatedProcess, value } from './simulated-host.ts'

/** A network in which nobody has such an API. */
export const noSessionApi: SessionApi = {
  list: async (url) => {
    throw new GatewayError('unreachable', `GET ${url}/metamcp/health/sessions: connect ECONNREFUSED`)
  },
  close: async ({ url }) => {
    throw new GatewayError('unreachable', `DELETE ${url}: connect ECONNREFUSED`)
  },
}

/** A copy of a server: launcher and leaf. */
interface Copy {
  readonly server: string
  readonly root: SimulatedProcess
  readonly leaf: SimulatedProcess
}

/** A configuration with one gateway that has these endpoints of time, seconds. */
export const sessionYaml = (rest = ''): string => `
sessions:
  every: 30
  gateways:
    - { name: metamcp, url: "http://metamcp.test:12008", endpoint: all, keyFile: /run/key, maxAge: 3600, maxIdle: 600 }
${rest}`

/** MetaMCP in memory: a pool with one spare copy of each server, sessions that take them, and its API. */
export class SimulatedMetamcp implements SessionApi {
  readonly container: SimulatedContainer
  readonly #host: SimulatedHost
  readonly #servers: readonly string[]
  readonly #spare = new Map<string, Copy>()
  readonly #sessions = new Map<string, Map<string, Copy>>()
  /** Ids that are told of as those of another kind. */
  readonly others = new Set<string>()
  /** What the next calls are answered with instead, in order. */
  readonly refusals: { readonly list: GatewayError[]; readonly close: GatewayError[] } = {
    list: [],
    close: [],
  }
  /** Whose copies take no notice of being asked to end. */
  readonly stubborn = new Set<string>()
  /** Every DELETE: the session, and which of them went. */
  readonly closed: string[] = []
  /** Called when a session was closed. */
  onClosed: (id: string) => void = () => {}
  #gateway = 0

  constructor(
    host: SimulatedHost,
    engine: SimulatedDocker,
    {
      servers = ['memory'],
      labels = {},
    }: { servers?: readonly string[]; labels?: Record<string, string> } = {},
  ) {
    this.#host = host
    this.#servers = servers
    this.container = engine.add({
      name: 'metamcp',
      labels: { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'metamcp', ...labels },
      fill: (id) => {
        const init = host.spawn(id, { argv: ['/bin/sh', './docker-entrypoint.sh'], age: 3600 })
        this.#gateway = host.spawn(id, { ppid: init.pid, argv: ['node', 'dist/index.js'], age: 3600 }).pid
        host.spawn(id, { ppid: init.pid, argv: ['node', 'front.js'], age: 3600 })
        for (const server of servers) this.#spare.set(server, this.#start(id, server, 3600))
        return init.pid
      },
    })
  }

  #start(containerId: string, server: string, age = 0): Copy {
    const root = this.#host.spawn(containerId, { ppid: this.#gateway, argv: [`npm exec mcp-${server}`], age })
    const argv = ['node', `/srv/node_modules/.bin/mcp-${server}`]
    return { server, root, leaf: this.#host.spawn(containerId, { ppid: root.pid, argv, age }) }
  }

  #move({ leaf }: Copy): void {
    const { rchar, wchar } = leaf.io.kind === 'value' ? leaf.io.value : { rchar: 0, wchar: 0 }
    leaf.io = value({ rchar: rchar + 120, wchar: wchar + 340 })
  }

  /** A client comes; it has no copies before it uses one. */
  open(id: string): string {
    this.#sessions.set(id, new Map())
    return id
  }

  /** A client calls a tool. The first time it takes the spare copy, or gets a new one. */
  use(id: string, server = this.#servers[0] ?? ''): Copy {
    const mine = this.#sessions.get(id)
    if (mine === undefined) throw new Error(`no session ${id}`)
    const copy = mine.get(server) ?? this.#spare.get(server) ?? this.#start(this.container.id, server)
    if (!mine.has(server)) {
      if (this.#spare.get(server) === copy) this.#spare.set(server, this.#start(this.container.id, server))
      mine.set(server, copy)
    }
    this.#move(copy)
    return copy
  }

  /** Something happens in the spare copy without anybody using it. */
  stir(server = this.#servers[0] ?? ''): void {
    const spare = this.#spare.get(server)
    if (spare !== undefined) this.#move(spare)
  }

  /** What a session has. */
  copies(id: string): readonly Copy[] {
    return [...(this.#sessions.get(id)?.values() ?? [])]
  }

  isAlive = (id: string): boolean => this.#sessions.has(id)

  async list(): Promise<GatewaySessions> {
    const refusal = this.refusals.list.shift()
    if (refusal !== undefined) throw refusal
    const ids = [...this.#sessions.keys()]
    return {
      closable: ids.filter((id) => !this.others.has(id)),
      others: ids.filter((id) => this.others.has(id)),
    }
  }

  async close(_: unknown, id: string): Promise<void> {
    const refusal = this.refusals.close.shift()
    if (refusal !== undefined) throw refusal
    this.end(id)
    this.closed.push(id)
    this.onClosed(id)
  }

  /** The session goes with its copies, whoever has asked for it. */
  end(id: string): void {
    const copies = this.copies(id)
    this.#sessions.delete(id)
    if (this.stubborn.has(id)) return
    for (const { leaf, root } of copies) for (const { pid } of [leaf, root]) this.#host.end(pid)
  }
}
