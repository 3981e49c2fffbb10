import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { post } from './post.ts'
import { type Line, token } from './program.ts'
import { until } from './until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A pidwarden as it is shipped: with the flags of `npm start`. */
export interface ShippedProgram {
  readonly url: string
  /** File of its journal. */
  readonly journal: string
  /** What it holds of memory that no file stands for, bytes. */
  anonymous(): number
  metrics(): Promise<string>
  /** Sends SIGTERM; the exit code, once it has ended. */
  stop(): Promise<number | null>
}

/** Starts it in `folder`, and waits until it takes alerts. It is ended with the test. */
export async function startShipped(
  t: Pick<Test, 'teardown'>,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<ShippedProgram> {
  const journal = join(folder, 'journal.db')
  const child = spawn(process.execPath, shippedArguments(), {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      PIDWARDEN_PORT: '0',
      PIDWARDEN_JOURNAL: journal,
      PIDWARDEN_TOKEN: token,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  // A line for every run: what is not kept does not count as memory of the test.
  let port: number | undefined
  let last = ''
  createInterface({ input: child.stdout }).on('line', (text) => {
    last = text
    const line: Line = JSON.parse(text)
    if (/is listening/.test(line.msg)) port = line.port
  })
  const listening = await until('it listens', () => {
    if (child.exitCode !== null) throw new Error(`it has ended: ${last}`)
    return port
  })
  const url = `http://127.0.0.1:${listening}`
  await until('it takes alerts', async () => (await post(url)).status === 202)

  async function metrics(): Promise<string> {
    return (await fetch(`${url}/metrics`)).text()
  }

  return {
    url,
    journal,
    anonymous() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
    },
    metrics,
    async stop() {
      child.kill('SIGTERM')
      const [code] = await ended
      return code
    },
  }
}

/** What `npm start` gives to node. */
function shippedArguments(): string[] {
  const { scripts }: { scripts: { start: string } } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  return scripts.start.split(' ').slice(1)
}
