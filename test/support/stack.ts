import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Test } from 'tap'
import { type Lab, openLab } from '../../lab/index.ts'
import { lacking } from '../../lab/provided.ts'
import { parseConfig } from '../../src/config.ts'
import type { Run, RunStory } from '../../src/journal/records.ts'
import { createService, type Service } from '../../src/service.ts'
import { type Daemon, startAlertmanager, startPrometheus } from './daemons.ts'
import { freePort } from './ports.ts'

/** The token of every pidwarden in tests. */
export const token = 'a-token-for-tests-only'

/** One pidwarden with its Prometheus and Alertmanagers, all real, on the lab's engine. */
export interface Stack {
  readonly lab: Lab
  readonly url: string
  readonly prometheus: Daemon | undefined
  readonly alertmanagers: readonly Daemon[]
  /** GET with the token, as JSON. */
  get<T>(path: string): Promise<T>
  /** Runs that are over, oldest first, of the container. */
  ended(containerId: string): Promise<RunStory[]>
  /** Names of the firing alerts of a container, as Prometheus has them. */
  firing(containerId: string): Promise<string[]>
  metrics(): Promise<string>
  /** Goes on with another configuration file. */
  reload(config: string): void
  /** Stops pidwarden, and starts another one with the journal of the first. */
  restart(): Promise<void>
}

/** How a test wants its stack. */
export interface StackOptions {
  /** The configuration file of pidwarden, YAML. */
  readonly config?: string
  readonly interval?: string
  /** 0 = neither Prometheus nor Alertmanager. */
  readonly alertmanagers?: number
  /** Another socket than the engine's own. */
  readonly dockerSocket?: string
}

/** The lab, or undefined after the test was skipped by name; under CI what is missing fails the test. */
export async function labFor(t: Test): Promise<Lab | undefined> {
  for (const name of ['docker', 'prometheus', 'alertmanager', 'image node:24-bookworm-slim']) {
    if (!lacking(name)) continue
    if (process.env.CI === 'true') t.fail(`${name} is needed under CI: ${lacking(name)}`)
    else t.plan(0, `no ${name}: ${lacking(name)}`)
    return undefined
  }
  return openLab()
}

/** Starts everything; torn down with the test. */
export async function startStack(t: Test, lab: Lab, options: StackOptions = {}): Promise<Stack> {
  const { config = '', interval = '1s', alertmanagers: count = 1, dockerSocket = lab.socketPath } = options
  const folder = await mkdtemp(join(tmpdir(), 'pidwarden-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, token)
  const alertmanagers: Daemon[] = []
  /** They come after pidwarden, whose address they need. */
  const alertmanagerUrls: string[] = []
  const port = await freePort()
  async function startPidwarden(): Promise<Service> {
    const started = createService({
      config: parseConfig(config, 'pidwarden.yaml'),
      token,
      alertmanagers: alertmanagerUrls,
      journalPath: join(folder, 'journal.db'),
      dockerSocket,
      procRoot: '/proc',
      cgroupRoot: '/sys/fs/cgroup',
      logger: pino({ level: process.env.PIDWARDEN_LOG_LEVEL ?? 'silent' }),
    })
    started.start()
    await started.app.listen({ host: '127.0.0.1', port })
    return started
  }
  let service = await startPidwarden()
  t.teardown(() => service.stop())
  const url = `http://127.0.0.1:${port}`
  for (let made = 0; made < count; made++) {
    const alertmanager = await startAlertmanager(lab, url, tokenFile)
    t.teardown(() => alertmanager.stop())
    alertmanagers.push(alertmanager)
    alertmanagerUrls.push(alertmanager.url)
  }
  let prometheus: Daemon | undefined
  if (count > 0) {
    const targets = alertmanagers.map((one) => one.url.replace('http://', ''))
    const started = await startPrometheus(lab, {
      pidwarden: `127.0.0.1:${port}`,
      alertmanagers: targets,
      interval,
    })
    t.teardown(() => started.stop())
    prometheus = started
  }

  async function get<T>(path: string): Promise<T> {
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  return {
    lab,
    url,
    prometheus,
    alertmanagers,
    get,
    async ended(containerId) {
      const { runs } = await get<{ runs: Run[] }>('/api/runs')
      const mine = runs.filter((run) => run.containerId === containerId && run.state === 'done').reverse()
      return Promise.all(mine.map(({ id }) => get<RunStory>(`/api/runs/${id}`)))
    },
    async firing(containerId) {
      const response = await fetch(`${prometheus?.url}/api/v1/alerts`)
      const { data } = (await response.json()) as {
        data: { alerts: { state: string; labels: Record<string, string> }[] }
      }
      return data.alerts
        .filter(({ state, labels }) => state === 'firing' && labels.id === containerId)
        .map(({ labels }) => labels.alertname ?? '')
    },
    reload: (text) => service.reload(parseConfig(text, 'pidwarden.yaml')),
    async restart() {
      await service.stop()
      service = await startPidwarden()
    },
    async metrics() {
      return (await fetch(`${url}/metrics`)).text()
    },
  }
}
