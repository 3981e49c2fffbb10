import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from '../../test/support/until.ts'
import { end, start } from '../children.ts'
import type { Farm } from '../farm/farm.ts'
import { type Scrape, scrape, sumOf } from '../http.ts'
import { leavesBehind } from '../leftovers.ts'
import { shippedEnvironment, shippedFlags } from '../node.ts'
import { shipped } from '../places.ts'

/** What its own API is called with. */
export const token = 'a-token-for-the-benchmark-only'

/** A whole pidwarden, as the image starts it, over a farm. */
export interface RunningService {
  readonly child: ChildProcess
  readonly pid: number
  readonly url: string
  close(): Promise<void>
}

/** How it is started other than the image does. */
export interface ServiceOptions {
  /** Makes another command line of its own, to start it inside of something. */
  readonly wrap?: (command: readonly string[]) => readonly string[]
  /** A module that Node loads before it; there is an IPC channel then. */
  readonly preload?: string
  /** A configuration file, YAML. */
  readonly config?: string
}

/** Starts it on a free port. It listens when this returns, and has not been scraped. */
export async function startService(farm: Farm, options: ServiceOptions = {}): Promise<RunningService> {
  const { wrap = (command) => command, preload, config = '' } = options
  const folder = mkdtempSync(join(tmpdir(), 'pidwarden-bench-'))
  const configFile = join(folder, 'pidwarden.yaml')
  writeFileSync(configFile, config)
  const imports = preload === undefined ? [] : ['--import', shipped(preload)]
  const command = wrap([process.execPath, ...shippedFlags(), ...imports, shipped('src/main.ts')])
  const child = start(command, {
    stdio: ['ignore', 'pipe', 'inherit', ...(preload === undefined ? [] : (['ipc'] as const))],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      ...shippedEnvironment(),
      PIDWARDEN_PORT: '0',
      PIDWARDEN_JOURNAL: join(folder, 'journal.db'),
      PIDWARDEN_TOKEN: token,
      PIDWARDEN_CONFIG: configFile,
      DOCKER_HOST: `unix://${farm.dockerSocket}`,
    },
  })
  const close = leavesBehind(async () => {
    await end(child)
    rmSync(folder, { recursive: true, force: true })
  })
  try {
    const port = await portOf(child)
    return { child, pid: child.pid ?? 0, url: `http://127.0.0.1:${port}`, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** It says in its log where it listens. */
async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('the service has no output')
  let port: number | undefined
  let last = ''
  createInterface(child.stdout).on('line', (line) => {
    last = line
    const said: unknown = JSON.parse(line)
    if (typeof said === 'object' && said !== null && 'port' in said) port = Number(said.port)
  })
  await until(
    'the service listens',
    () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${last}`)
      return port
    },
    180_000,
  )
  return port ?? 0
}

/** Whether a scrape tells everything about the farm; an engine may have other containers besides. */
export function isWhole({ status, text }: Scrape, { shape }: Farm): boolean {
  const processes = sumOf(text, 'pidwarden_container_processes') ?? 0
  return status === 200 && processes >= shape.containers * shape.processes
}

/** Scrapes until the service has heard of all containers. */
export async function scrapeUntilWhole(url: string, farm: Farm): Promise<void> {
  await until('the service sees the farm', async () => isWhole(await scrape(url), farm), 180_000)
}
