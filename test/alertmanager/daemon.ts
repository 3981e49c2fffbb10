/** A real Alertmanager on the loopback interface, with a configuration of the test's own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { emptyFolder } from '../support/folder.ts'
import { freePort } from '../support/ports.ts'
import { root } from '../support/tools.ts'
import { until } from '../support/until.ts'
import { type Config, templates } from './shipped.ts'

/** What a test posts: it fires until `endsAt`, or five minutes when that is left out. */
export interface Posted {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly endsAt?: string
}

/** An alert as Alertmanager has it. */
export interface Held {
  readonly labels: Readonly<Record<string, string>>
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] }
}

/** One that runs until the test is over. */
export interface Daemon {
  post(...alerts: readonly Posted[]): Promise<void>
  alerts(): Promise<readonly Held[]>
}

/** Starts it. The templates are the shipped ones, wherever the configuration is. */
export async function startDaemon(
  t: Pick<Test, 'teardown'>,
  program: string,
  config: Config,
): Promise<Daemon> {
  const folder = emptyFolder(t)
  const file = join(folder, 'alertmanager.yml')
  mkdirSync(join(folder, 'data'))
  writeFileSync(file, stringify({ ...config, templates: [join(root, templates)] }))
  const url = `http://127.0.0.1:${await freePort()}`
  const child = spawn(
    program,
    [
      `--config.file=${file}`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=${url.replace('http://', '')}`,
      '--cluster.listen-address=',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-4000)
    })
  }
  await until('Alertmanager is ready', async () => {
    if (child.exitCode !== null) return true
    return (await fetch(`${url}/-/ready`)).ok
  })
  if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output}`)

  return {
    async post(...alerts) {
      const response = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alerts),
      })
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    },
    async alerts() {
      return (await (await fetch(`${url}/api/v2/alerts`)).json()) as Held[]
    },
  }
}
