import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type GatewayClient, type GatewayState, gatewayClient } from '../../lab/gateway/client.ts'
import { ensureGatewayModules, gatewayFolder, gatewayModules } from '../../lab/gateway/provide.ts'
import type { Lab } from '../../lab/index.ts'
import { lacking } from '../../lab/provided.ts'
import { address, docker, type ProcessKey } from './leaky-container.ts'
import { labFor } from './stack.ts'

const image = 'pidwarden-test/gateway:latest'

/** A server as the gateway starts it. */
export interface GatewayServer {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Record<string, string>
  /** So many copies are kept ready for the next sessions; 1 when left out. */
  readonly idle?: number
}

/** A server from npm, by the name behind `@modelcontextprotocol/server-`. */
export function npmServer(name: string, ...args: string[]): GatewayServer {
  return { name, command: 'npx', args: ['-y', `@modelcontextprotocol/server-${name}`, ...args] }
}

/** The stub without npx, up in a tenth of the time; its command is `node mcp-stub` or `node mcp-pool`. */
export function stubServer(name: 'stub' | 'pool' = 'stub', ...flags: string[]): GatewayServer {
  return { name, command: 'node', args: [`/app/node_modules/.bin/mcp-${name}`, ...flags] }
}

/** What a test asks of its container. */
export interface GatewayOptions {
  readonly labels?: Readonly<Record<string, string>>
  /** The four from npm when left out. */
  readonly servers?: readonly GatewayServer[]
  /** Endpoint -> names of servers; one per server, and `all`, when left out. */
  readonly endpoints?: Record<string, readonly string[]>
  /** What becomes of a server of which one copy ends by a signal: error as in MetaMCP, or nothing. */
  readonly onCrash?: 'error' | 'ignore'
  /** node: the gateway itself is PID 1, and waits for nothing that it adopts. */
  readonly init?: 'shell' | 'node'
  /** So many zombies below the gateway from its start on. */
  readonly zombies?: number
  /** More for `docker run`. */
  readonly args?: readonly string[]
}

/** A live process of the container: who it is on the host. */
export interface Alive {
  readonly key: ProcessKey
  readonly state: string
  readonly ppid: number
  readonly argv: string
}

/** A container with the test gateway in it. */
export interface GatewayContainer {
  readonly id: string
  readonly name: string
  readonly gateway: GatewayClient
  /** Every process in it but zombies: pid in the container -> who it is. */
  processes(): Map<number, Alive>
  /** How many zombies are in it. */
  zombies(): number
  /** Who these pids are; those that are gone are left out. Sorted. */
  keys(pids: readonly number[]): ProcessKey[]
  /** Everything below these roots, they included. */
  below(roots: readonly number[]): ProcessKey[]
  /** Also when it is removed already. */
  remove(): Promise<void>
}

/** As labFor, for tests with this gateway: its MCP servers come from an npm registry. */
export async function gatewayLabFor(t: Test): Promise<Lab | undefined> {
  const why = lacking(gatewayModules)
  if (!why) return labFor(t)
  if (process.env.CI === 'true') t.fail(`the MCP servers of the gateway are needed under CI: ${why}`)
  else t.plan(0, why)
  return undefined
}

let built: Promise<string> | undefined

/** Builds the image, once in this process and from the cache after the first time; the folder with its packages. */
export function buildGateway(lab: Lab): Promise<string> {
  built ??= build(lab)
  return built
}

async function build(lab: Lab): Promise<string> {
  const modules = await ensureGatewayModules()
  await docker(
    lab,
    ...['build', '--quiet', '--build-context', `modules=${modules}`, '--tag', image],
    ...['--file', join(gatewayFolder, 'Dockerfile'), gatewayFolder],
  )
  return modules
}

/** Builds the image where it is not there yet, and starts a gateway; it is up with all of its servers. */
export async function startGateway(lab: Lab, options: GatewayOptions = {}): Promise<GatewayContainer> {
  const {
    labels = {},
    servers,
    endpoints,
    onCrash = 'error',
    init = 'shell',
    zombies = 0,
    args = [],
  } = options
  const name = `pidwarden-test-${randomBytes(4).toString('hex')}`
  const modules = await buildGateway(lab)
  const environment = {
    GATEWAY_ON_CRASH: onCrash,
    GATEWAY_ZOMBIES: String(zombies),
    ...(servers && { GATEWAY_SERVERS: JSON.stringify(servers) }),
    ...(endpoints && { GATEWAY_ENDPOINTS: JSON.stringify(endpoints) }),
  }
  const id = await docker(
    lab,
    ...['run', '--detach', '--name', name, '--init=false'],
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...args,
    image,
    ...(init === 'node' ? ['node', 'gateway.js'] : []),
  )
  let removed: Promise<unknown> | undefined
  const remove = async (): Promise<void> => {
    removed ??= docker(lab, 'rm', '--force', id)
    await removed
  }
  try {
    const gateway = gatewayClient(await address(lab, id), modules)
    await gateway.ready()
    const processes = (): Map<number, Alive> => {
      const alive = processesOf(id)
      return new Map([...alive].filter(([, { state }]) => state !== 'Z'))
    }
    const keys = (pids: readonly number[]): ProcessKey[] => {
      const alive = processes()
      return [...new Set(pids)].flatMap((pid) => alive.get(pid)?.key ?? []).sort()
    }
    return {
      id,
      name,
      gateway,
      processes,
      zombies: () => [...processesOf(id).values()].filter(({ state }) => state === 'Z').length,
      keys,
      below(roots) {
        const alive = processes()
        const found = [...roots]
        for (const root of found) for (const [pid, { ppid }] of alive) if (ppid === root) found.push(pid)
        return keys(found)
      },
      remove,
    }
  } catch (error) {
    const said = await docker(lab, 'logs', '--tail', '20', id).catch(() => '')
    await remove()
    throw new Error(`the test gateway did not come up: ${said}`, { cause: error })
  }
}

/** Roots of the copies that are meant to be there: one idle of each server, and what live sessions use. */
export function rootsOf({ idle, sessions }: GatewayState, live: readonly string[] = []): number[] {
  const used = sessions.filter(({ id }) => live.includes(id)).flatMap(({ servers }) => servers)
  return [...idle, ...used].map(({ pid }) => pid)
}

/** Read from /proc by the test itself, not by the code under test. Parents are pids in the container; 0 = outside. */
function processesOf(id: string): Map<number, Alive> {
  const found: { inside: number; host: number; hostParent: number; alive: Omit<Alive, 'ppid'> }[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      if (!readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(id)) continue
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const inside = /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1]
      if (inside === undefined) continue
      const argv = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0').join(' ').trim()
      const key: ProcessKey = `${Number(entry)} ${Number(fields[19])}`
      const alive = { key, state: fields[0] ?? '', argv }
      found.push({ inside: Number(inside), host: Number(entry), hostParent: Number(fields[1]), alive })
    } catch {
      // It ended while it was read.
    }
  }
  const insideOf = new Map(found.map(({ host, inside }) => [host, inside]))
  return new Map(
    found.map(({ inside, hostParent, alive }) => [inside, { ...alive, ppid: insideOf.get(hostParent) ?? 0 }]),
  )
}
