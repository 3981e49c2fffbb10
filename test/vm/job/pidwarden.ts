import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const token = 'a-token-for-tests-only'
const port = 3001
const deadline = 180_000

/** A running pidwarden, as its users see it. */
export interface Pidwarden {
  metrics(): Promise<string>
  /** GET or, with a body, POST; with the token. */
  call(path: string, body?: object): Promise<{ status: number; body: unknown }>
}

/** Starts the service from its entry point with the real /proc, cgroups and Docker; it ends with the machine. */
export async function startPidwarden(repository: string, config: string, log: string): Promise<Pidwarden> {
  const file = openSync(log, 'w')
  const options = [
    '--max-semi-space-size=2',
    '--optimize-for-size',
    '--no-memory-reducer',
    '--v8-pool-size=1',
    join(repository, 'src/main.ts'),
  ]
  spawn(process.execPath, options, {
    stdio: ['ignore', file, file],
    env: {
      PATH: process.env.PATH,
      PIDWARDEN_CONFIG: config,
      PIDWARDEN_PORT: String(port),
      PIDWARDEN_TOKEN: token,
      PIDWARDEN_JOURNAL: '/tmp/journal.db',
    },
  }).unref()
  const url = `http://127.0.0.1:${port}`
  const pidwarden: Pidwarden = {
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    async call(path, body) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const init = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
      const response = await fetch(url + path, init)
      return { status: response.status, body: await response.json() }
    },
  }
  await until('pidwarden knows the containers', async () =>
    /^pidwarden_docker_up 1$/m.test(await pidwarden.metrics()),
  ).catch((error: unknown) => {
    throw new Error(`pidwarden does not work: ${readFileSync(log, 'utf8').slice(-4000)}`, { cause: error })
  })
  return pidwarden
}

/** Waits for a condition; what fails meanwhile counts as "not yet". */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + deadline
  let last: unknown
  while (
    !(await holds().catch((error) => {
      last = error
      return false
    }))
  ) {
    if (performance.now() > end) throw new Error(`${what}: not within ${deadline / 1000} s`, { cause: last })
    await delay(200)
  }
}
