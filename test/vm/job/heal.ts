import { randomBytes } from 'node:crypto'
import { leakyClient, type State } from '../../../lab/leaky/client.ts'
import type { RunStory } from '../../../src/journal/records.ts'
import { run } from './docker.ts'
import { type Pidwarden, until } from './pidwarden.ts'

/** The server that leaks; the others of the gateway are there once each and must live. */
const leaking = '@modelcontextprotocol/server-memory'
const copies = 6
const deadline = 180_000

/** What happened to the gateway: told by it, by another program, and by pidwarden. */
export interface Healing {
  readonly copies: number
  readonly gateway: { readonly before: State; readonly leaked: State; readonly after: State }
  /** What readings.sh read at these three moments. */
  readonly readings: { readonly before: string; readonly leaked: string; readonly after: string }
  readonly answer: { readonly status: number; readonly body: unknown }
  /** The run that the alert led to, with its steps and signals. */
  readonly run: RunStory | undefined
  readonly metrics: string
}

/** Leaks, posts an alert as Alertmanager would, and waits until pidwarden is done with it. */
export async function heal(pidwarden: Pidwarden, read: () => Promise<string>): Promise<Healing> {
  const address = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
  const [id = '', ip = ''] = (
    await run('docker', 'inspect', '--format', `{{.Id}} ${address}`, 'gateway')
  ).split(' ')
  const gateway = leakyClient(`http://${ip}:8080`)
  const before = { state: await gateway.ready(deadline), readings: await read() }
  const { failed, errors } = await gateway.leak({ server: leaking, count: copies })
  if (failed > 0) throw new Error(`${failed} copies did not come up: ${errors.join('; ')}`)
  const leaked = { state: await gateway.state(), readings: await read() }
  const answer = await pidwarden.call('/webhooks/alertmanager', notification(id))
  const runId = (answer.body as { alerts: { runId?: string }[] }).alerts[0]?.runId
  let story: RunStory | undefined
  if (runId !== undefined) {
    await until('the run is over', async () => {
      story = (await pidwarden.call(`/api/runs/${runId}`)).body as RunStory
      return story.state === 'done'
    })
  }
  const after = { state: await gateway.state(), readings: await read() }
  return {
    copies,
    gateway: { before: before.state, leaked: leaked.state, after: after.state },
    readings: { before: before.readings, leaked: leaked.readings, after: after.readings },
    answer,
    run: story,
    metrics: await pidwarden.metrics(),
  }
}

/** What Alertmanager posts for one firing alert, payload version 4. */
function notification(id: string): object {
  const labels = {
    alertname: 'PidwardenDuplicatesCritical',
    ...{ name: 'gateway', id, resource: 'duplicates', tier: 'critical', playbook: 'cleanup' },
  }
  const startsAt = new Date().toISOString()
  const fingerprint = randomBytes(8).toString('hex')
  const alert = {
    status: 'firing',
    labels,
    annotations: {},
    startsAt,
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint,
  }
  return {
    ...{ version: '4', status: 'firing', receiver: 'pidwarden', groupKey: '{}:{}', truncatedAlerts: 0 },
    ...{ groupLabels: labels, commonLabels: labels, commonAnnotations: {}, externalURL: '', alerts: [alert] },
  }
}
