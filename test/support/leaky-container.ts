import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Lab } from '../../lab/index.ts'
import { type LeakyClient, leakyClient, type TreeState } from '../../lab/leaky/client.ts'

const run = promisify(execFile)
const leakyFolder = join(fileURLToPath(new URL('../../', import.meta.url)), 'lab/leaky')

/** Runs the docker client against the lab's engine; stdout without the last newline. */
export async function docker(lab: Lab, ...args: string[]): Promise<string> {
  const { stdout } = await run(lab.bin.docker, args, {
    env: { ...process.env, ...lab.env },
    maxBuffer: 16 * 1024 * 1024,
  })
  return stdout.trim()
}

/** A process by what tells it from every other: pid on the host and start time. */
export type ProcessKey = `${number} ${number}`

/** A container with the leaky gateway in it. */
export interface LeakyContainer {
  readonly id: string
  readonly name: string
  readonly gateway: LeakyClient
  /** Every live process in it: pid in the container -> who it is on the host. */
  processes(): Map<number, ProcessKey>
  /** Who the processes of these trees are; those that are gone are left out. */
  keysOf(trees: readonly TreeState[]): ProcessKey[]
  remove(): Promise<void>
}

/** What a test asks of its container. */
export interface LeakyOptions {
  readonly labels?: Record<string, string>
  readonly target?: 'leaky' | 'noshell'
  readonly args?: readonly string[]
}

/** Tasks have tiers of their own; with this much room a leak is noticed by its processes, unless a test wants otherwise. */
const room = '--pids-limit=2000'

/** Builds the image (from the cache after the first time) and starts one. */
export async function startLeaky(
  lab: Lab,
  { labels = {}, target = 'leaky', args = [] }: LeakyOptions = {},
): Promise<LeakyContainer> {
  const image = `pidwarden-test/${target}:latest`
  await docker(lab, 'build', '--quiet', '--target', target, '--tag', image, leakyFolder)
  const name = `pidwarden-test-${randomBytes(4).toString('hex')}`
  const id = await docker(
    lab,
    ...['run', '--detach', '--name', name, '--init=false', room],
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...args,
    image,
  )
  const remove = async (): Promise<void> => {
    await docker(lab, 'rm', '--force', id)
  }
  try {
    const gateway = leakyClient(`http://${await address(lab, id)}:8080`)
    await gateway.ready()
    const processes = (): Map<number, ProcessKey> => processesOf(id)
    return {
      id,
      name,
      gateway,
      processes,
      keysOf(trees) {
        const alive = processes()
        const pids = trees.flatMap(({ wrapper, sh, leaf }) => [wrapper, sh, leaf])
        return pids.flatMap((pid) => (pid === null ? [] : (alive.get(pid) ?? [])))
      },
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** The container's address on the bridge; the host is on that bridge too. */
export async function address(lab: Lab, id: string): Promise<string> {
  return docker(lab, 'inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', id)
}

/** Read from /proc by the test itself, not by the code under test: every process whose cgroup names the container. */
function processesOf(id: string): Map<number, ProcessKey> {
  const found = new Map<number, ProcessKey>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      if (!readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(id)) continue
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const inside = /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1]
      if (fields[0] !== 'Z' && inside !== undefined)
        found.set(Number(inside), `${Number(entry)} ${Number(fields[19])}`)
    } catch {
      // It ended while it was read.
    }
  }
  return found
}
