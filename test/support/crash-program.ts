import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Incident, Run, RunStory } from '../../src/journal/records.ts'
import type { Verdict, WebhookAlert } from '../../src/remediation/webhook.ts'
import { bearer } from './problem.ts'
import { token } from './program.ts'
import { until } from './until.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const inject = new URL('crash-inject.ts', import.meta.url).href

/** Where a program is killed. */
export interface Crash {
  readonly when: 'before' | 'after'
  /** The write, as crash-names.ts calls it. */
  readonly name: string
  /** So many milliseconds later; at once when left out. */
  readonly later?: number
}

/** Where a program lives; one that is started in the place of another goes on with the same journal. */
export interface CrashPlace {
  readonly folder: string
  readonly yaml: string
  readonly dockerSocket: string
  /** Code that was compiled once need not be compiled by the next hundred programs. */
  readonly compileCache: string
}

/** A pidwarden that may be killed in the middle of its work: `node src/main.ts`, unchanged. */
export interface CrashProgram {
  /** The signal that ended it, or its exit code. */
  readonly ended: Promise<NodeJS.Signals | number | null>
  /** Waits until /readyz says so. */
  ready(): Promise<void>
  /** Delivers one alert; undefined when the program died of it. Comes again after 503, as Alertmanager does. */
  post(alert: WebhookAlert): Promise<Verdict | undefined>
  /** Everything about every run, oldest first. */
  stories(): Promise<RunStory[]>
  /** All incidents, newest first, with everything about their runs. */
  incidents(): Promise<readonly (Incident & { readonly runs: readonly RunStory[] })[]>
  /** What it wrote to the journal, in order: `before …` and `after …`. */
  writes(): string[]
  kill(): Promise<void>
}

let started = 0

/** Starts one, and does not wait for anything. It is ended with the test, whatever happens. */
export function startCrashing(t: Pick<Test, 'teardown'>, place: CrashPlace, crash?: Crash): CrashProgram {
  const { folder, yaml, dockerSocket, compileCache } = place
  const config = join(folder, 'pidwarden.yaml')
  const log = join(folder, `writes-${started++}`)
  writeFileSync(config, yaml)
  writeFileSync(log, '')
  const child = spawn(process.execPath, ['--import', inject, main], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: compileCache,
      PIDWARDEN_CONFIG: config,
      PIDWARDEN_PORT: '0',
      PIDWARDEN_JOURNAL: join(folder, 'journal.db'),
      PIDWARDEN_TOKEN: token,
      DOCKER_HOST: `unix://${dockerSocket}`,
      CRASH_LOG: log,
      ...(crash && { CRASH_AT: JSON.stringify(crash) }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let over = false
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => {
    over = true
    return (signal ?? code) as NodeJS.Signals | number | null
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const port = /"port":(\d+),"msg":"pidwarden is listening"/.exec(output)?.[1]
    if (port === undefined) throw new Error(`it does not listen yet: ${output}`)
    const headers = { ...bearer(token), 'content-type': 'application/json' }
    return fetch(`http://127.0.0.1:${port}${path}`, { headers, ...init })
  }

  async function get<T>(path: string): Promise<T> {
    const answer = await ask(path)
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  return {
    ended,
    async ready() {
      await until('the program is ready', async () => over || (await ask('/readyz')).status === 200)
      if (over) throw new Error(`it has ended: ${output}`)
    },
    async post(alert) {
      const body = JSON.stringify({ version: '4', status: 'firing', alerts: [alert] })
      const taken = await until('the alert is taken in', async () => {
        if (over) return 'died'
        const answer = await ask('/webhooks/alertmanager', { method: 'POST', body })
        if (answer.status !== 202) return undefined
        const { alerts } = (await answer.json()) as { alerts: Verdict[] }
        return alerts[0]
      })
      return taken === 'died' ? undefined : taken
    },
    async stories() {
      const { runs } = await get<{ runs: Run[] }>('/api/runs')
      return Promise.all(runs.toReversed().map(({ id }) => get<RunStory>(`/api/runs/${id}`)))
    },
    async incidents() {
      const { incidents } = await get<{ incidents: Incident[] }>('/api/incidents')
      return Promise.all(
        incidents.map(({ id }) => get<Incident & { runs: readonly RunStory[] }>(`/api/incidents/${id}`)),
      )
    },
    writes: () => readFileSync(log, 'utf8').split('\n').filter(Boolean),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
