import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Lab } from '../../lab/index.ts'
import { freePort } from './ports.ts'
import { until } from './until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A Prometheus or Alertmanager of the test's own on the loopback interface. */
export interface Daemon {
  readonly url: string
  stop(): Promise<void>
}

/** What of the shipped configuration is different in a test: where things are, and how often they look. */
export interface Wiring {
  readonly pidwarden: string
  readonly alertmanagers: readonly string[]
  readonly interval: string
  /** Another text of the rule files. */
  readonly rules?: (text: string) => string
}

/** Starts Prometheus with the shipped configuration and rules, only the addresses and intervals changed. */
export async function startPrometheus(lab: Lab, wiring: Wiring): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), 'pidwarden-prometheus-'))
  const port = await freePort()
  const shipped = await readFile(join(root, 'prometheus/prometheus.yml'), 'utf8')
  const config = shipped
    .replaceAll(/(scrape|evaluation)_interval: 5s/g, `$1_interval: ${wiring.interval}`)
    .replace('"pidwarden:3001"', JSON.stringify(wiring.pidwarden))
    .replaceAll('["alertmanager:9093"]', JSON.stringify(wiring.alertmanagers))
    .replace('localhost:9090', `127.0.0.1:${port}`)
  await writeFile(join(folder, 'prometheus.yml'), config)
  await mkdir(join(folder, 'rules'))
  for (const file of await readdir(join(root, 'prometheus/rules'))) {
    const text = await readFile(join(root, 'prometheus/rules', file), 'utf8')
    await writeFile(join(folder, 'rules', file), wiring.rules?.(text) ?? text)
  }
  return daemon(lab.bin.prometheus, folder, `http://127.0.0.1:${port}`, [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--query.lookback-delta=15s',
  ])
}

/** Starts Alertmanager with the shipped configuration, only the addresses changed. */
export async function startAlertmanager(lab: Lab, webhook: string, tokenFile: string): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), 'pidwarden-alertmanager-'))
  const shipped = await readFile(join(root, 'alertmanager/alertmanager.yml'), 'utf8')
  await mkdir(join(folder, 'data'))
  await cp(join(root, 'alertmanager/templates'), join(folder, 'templates'), { recursive: true })
  await writeFile(
    join(folder, 'alertmanager.yml'),
    shipped.replaceAll('http://pidwarden:3001', webhook).replaceAll('/run/pidwarden/token', tokenFile),
  )
  const port = await freePort()
  return daemon(lab.bin.alertmanager, folder, `http://127.0.0.1:${port}`, [
    `--config.file=${folder}/alertmanager.yml`,
    `--storage.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ])
}

async function daemon(program: string, folder: string, url: string, args: string[]): Promise<Daemon> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000)
    })
  }
  await until(`${program} is ready`, async () => {
    if (child.exitCode !== null || child.signalCode !== null) return true
    return (await fetch(`${url}/-/ready`)).ok
  })
  if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${output}`)
  return {
    url,
    async stop() {
      await end(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<unknown>((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}
