import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startLeaky } from '../support/leaky-container.ts'
import { labFor, startStack, token } from '../support/stack.ts'
import { until } from '../support/until.ts'

const leaking = '@modelcontextprotocol/server-memory'
const optedIn = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' }
const config = 'remediation: { minimumAge: { critical: 1, emergency: 1 } }'

const lab = await labFor(t)
if (lab) {
  await t.test('two Alertmanagers: one run for each alert', async (t) => {
    const stack = await startStack(t, lab, { config, alertmanagers: 2 })
    const container = await startLeaky(lab, { labels: optedIn })
    t.teardown(() => container.remove())
    const legitimate = container.processes()
    await container.gateway.leak({ server: leaking, count: 12 })
    await until('it is fixed', async () =>
      (await stack.ended(container.id)).some(({ ending }) => ending?.outcome === 'fixed'),
    )
    await until('both Alertmanagers have delivered', async () =>
      /pidwarden_alerts_received_total\{verdict="known",reason=""\} [1-9]/.test(await stack.metrics()),
    )
    t.same(container.processes(), legitimate)
    const runs = await stack.ended(container.id)
    // A warning that goes on for a while after it ceased may be looked at more than once, and nothing is done.
    const episodes = runs
      .filter(({ steps }) => steps.some(({ effects }) => effects.length > 0))
      .map(({ alert, startsAt }) => `${alert} ${startsAt}`)
    t.ok(episodes.length > 0)
    t.same(episodes, [...new Set(episodes)], 'no episode has two runs that did something')
  })

  await t.test('the same alert posted twice acts once', async (t) => {
    const stack = await startStack(t, lab, { config, alertmanagers: 0 })
    const container = await startLeaky(lab, { labels: optedIn })
    t.teardown(() => container.remove())
    await container.gateway.leak({ server: leaking, count: 12 })
    await until('pidwarden knows the container', async () => (await stack.metrics()).includes(container.id))
    const post = () => deliver(stack.url, container.id, container.name)
    const [first, second] = await Promise.all([post(), post()])
    t.same([first, second].map(({ verdict }) => verdict).sort(), ['known', 'queued'])
    t.equal(first?.runId, second?.runId)
    await until('it is fixed', async () =>
      (await stack.ended(container.id)).some(({ ending }) => ending?.outcome === 'fixed'),
    )
    t.match(await post(), { verdict: 'known', runId: first?.runId })
    t.equal((await stack.ended(container.id)).length, 1)
  })

  await t.test('Docker absent at start, lost later: the service stays, says so and recovers', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'pidwarden-socket-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const dockerSocket = join(folder, 'docker.sock')
    const stack = await startStack(t, lab, { config, alertmanagers: 0, dockerSocket })
    const state = async () => {
      const ready = await fetch(`${stack.url}/readyz`)
      return { status: ready.status, ready: await ready.text(), metrics: await stack.metrics() }
    }
    t.equal((await fetch(`${stack.url}/healthz`)).status, 200)
    t.match(await state(), { status: 503, ready: /docker/, metrics: /pidwarden_docker_up 0/ })
    t.equal((await post(stack.url, { version: '4', status: 'firing', alerts: [] })).status, 503, 'come again')

    for (const round of ['Docker comes', 'Docker comes back']) {
      const close = await forward(dockerSocket, lab.socketPath)
      await until(round, async () => (await state()).status === 200)
      t.match(await state(), { metrics: /pidwarden_docker_up 1/ }, round)
      await close()
      await until('Docker is lost', async () => (await state()).status === 503)
      t.match(await state(), { ready: /docker/, metrics: /pidwarden_docker_up 0/ }, 'and lost')
    }
    const health = (await (await fetch(`${stack.url}/api/health`)).json()) as object
    t.match(health, { status: 'degraded' })
  })
}

/** A door to the engine that can be shut: whoever is inside is thrown out. */
async function forward(path: string, to: string): Promise<() => Promise<void>> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const engine = connect(to)
    for (const socket of [client, engine]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        engine.destroy()
      })
    }
    client.pipe(engine).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return async () => {
    for (const socket of open) socket.destroy()
    await new Promise<unknown>((resolve) => server.close(resolve))
  }
}

function post(url: string, body: object): Promise<Response> {
  return fetch(`${url}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

interface Verdict {
  readonly verdict: string
  readonly runId?: string
}

async function deliver(url: string, id: string, name: string): Promise<Verdict> {
  const labels = { alertname: 'A', id, name, tier: 'critical', resource: 'processes', playbook: 'cleanup' }
  const alert = { status: 'firing', labels, startsAt: '2026-01-01T00:00:00Z', fingerprint: 'f'.repeat(16) }
  const response = await post(url, { version: '4', status: 'firing', alerts: [alert] })
  const { alerts } = (await response.json()) as { alerts: [Verdict] }
  return alerts[0]
}
