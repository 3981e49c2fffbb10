import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type LeakyClient, leakyClient } from './client.ts'
import { signal } from './proc.ts'
import type { ServerSpec } from './protocol.ts'

export interface LocalGateway extends LeakyClient {
  child: ChildProcess
  /** Working directory of the gateway and of all it starts: tells them from every other process of the machine. */
  folder: string
  /** Pids, zombies excepted, of everything that still runs in the folder. */
  pids(): number[]
  /** Ends everything, whatever state it is in. */
  stop(): Promise<void>
}

/** The gateway on this machine, without Docker, in a temporary folder. */
export async function startLocal(
  servers: (Pick<ServerSpec, 'name'> & Partial<ServerSpec>)[],
): Promise<LocalGateway> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'leaky-')))
  // By `fork`, because the gateway stops when its channel closes: a caller that is killed leaves nothing behind.
  const child = fork(path.join(import.meta.dirname, 'gateway.ts'), [], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // tap instruments every node below a test through NODE_OPTIONS, and then no two environments are the same.
    execPath: 'env',
    execArgv: ['-u', 'NODE_OPTIONS', process.execPath],
    env: { PATH: process.env.PATH, LEAKY_PORT: '0', LEAKY_SERVERS: JSON.stringify(servers) },
  })
  const exited = once(child, 'exit')
  const pids = () => pidsIn(folder)

  async function stop(): Promise<void> {
    child.kill('SIGTERM')
    await Promise.race([exited, delay(3000, undefined, { ref: false })])
    child.kill('SIGKILL')
    for (const pid of pids()) signal(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }

  const firstLine = child.stdout ? once(child.stdout, 'data') : exited
  const [line] = await Promise.race([firstLine, exited])
  child.stdout?.resume()
  const port = /^listening on (\d+)/.exec(String(line))?.[1]
  if (!port) {
    await stop()
    throw new Error(`the gateway did not come up: ${line}`)
  }
  return { ...leakyClient(`http://127.0.0.1:${port}`), child, folder, pids, stop }
}

function pidsIn(folder: string): number[] {
  const isIn = (pid: string) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isIn(name))
    .map(Number)
}
