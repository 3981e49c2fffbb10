import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import { emptyFolder } from './folder.ts'
import { freePort } from './ports.ts'
import { token } from './program.ts'
import { until } from './until.ts'

const shipped = fileURLToPath(new URL('../../alertmanager/alertmanager.yml', import.meta.url))

/** One of several Alertmanagers that tell each other what they have sent. */
export interface Member {
  readonly url: string
  /** Names of the alerts that it holds about the container. */
  holds(containerId: string): Promise<readonly string[]>
  stop(): Promise<void>
  /** Starts it again, with nothing of what it knew. */
  startAnew(): Promise<void>
}

/** Starts `count` of them with the shipped configuration, but for the addresses and a shorter time to a repeat. */
export async function startCluster(
  t: Pick<Test, 'teardown'>,
  lab: Lab,
  webhook: string,
  count: number,
): Promise<readonly Member[]> {
  const places = await Promise.all(
    Array.from({ length: count }, async () => ({ web: await freePort(), gossip: await freePort() })),
  )
  const members: Member[] = []
  for (const place of places) {
    const peers = places.filter((one) => one !== place).map(({ gossip }) => gossip)
    members.push(await startMember(t, lab, webhook, place, peers))
  }
  for (const { url } of members) {
    await until('the cluster has settled', async () => {
      const { cluster } = await json<{ cluster: { status: string; peers: unknown[] } }>(
        `${url}/api/v2/status`,
      )
      return cluster.status === 'ready' && cluster.peers.length === count
    })
  }
  return members
}

async function startMember(
  t: Pick<Test, 'teardown'>,
  lab: Lab,
  webhook: string,
  { web, gossip }: { readonly web: number; readonly gossip: number },
  peers: readonly number[],
): Promise<Member> {
  const url = `http://127.0.0.1:${web}`
  let child: ChildProcess | undefined
  let ended: Promise<unknown> = Promise.resolve()
  t.teardown(() => child?.kill('SIGKILL'))

  async function start(): Promise<void> {
    const folder = emptyFolder(t)
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, token)
    mkdirSync(join(folder, 'data'))
    const config = readFileSync(shipped, 'utf8')
      .replace('http://pidwarden:3001', webhook)
      .replace('/run/pidwarden/token', tokenFile)
      .replace('repeat_interval: 1m', 'repeat_interval: 10s')
    writeFileSync(join(folder, 'alertmanager.yml'), config)
    const started = spawn(
      lab.bin.alertmanager,
      [
        `--config.file=${folder}/alertmanager.yml`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${web}`,
        `--cluster.listen-address=127.0.0.1:${gossip}`,
        ...peers.map((port) => `--cluster.peer=127.0.0.1:${port}`),
      ],
      { stdio: 'ignore' },
    )
    child = started
    ended = once(started, 'exit')
    await until('Alertmanager is ready', async () => {
      if (started.exitCode !== null) throw new Error(`it has ended with ${started.exitCode}`)
      return (await fetch(`${url}/-/ready`)).ok
    })
  }

  await start()
  return {
    url,
    async holds(containerId) {
      const alerts = await json<{ labels: Record<string, string> }[]>(`${url}/api/v2/alerts`)
      return alerts
        .filter(({ labels }) => labels.id === containerId)
        .map(({ labels }) => labels.alertname ?? '')
    },
    async stop() {
      child?.kill('SIGTERM')
      await ended
    },
    startAnew: start,
  }
}

async function json<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T
}
