import { randomBytes } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { KnownContainer } from '../../src/host/inventory.ts'
import type { RunStory } from '../../src/journal/records.ts'
import { until } from '../../test/support/until.ts'
import { token } from './service.ts'

/** A webhook that was answered 202, and its alert queued. Times of the monotonic clock, nanoseconds. */
export interface Accepted {
  readonly sentAt: bigint
  readonly acceptedAt: bigint
  readonly runId: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const authorization = `Bearer ${token}`

/** Tells pidwarden, as Alertmanager would, that the container has reached its critical tier for duplicates. */
export async function postAlert(url: string, container: KnownContainer): Promise<Accepted> {
  const body = JSON.stringify(notification(container))
  const headers = {
    authorization,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const sentAt = process.hrtime.bigint()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${url}/webhooks/alertmanager`, { method: 'POST', agent, headers }, resolve)
      .once('error', reject)
      .end(body)
  })
  const acceptedAt = process.hrtime.bigint()
  const answer = await text(response)
  const runId = /"verdict":"queued","runId":"([^"]+)"/.exec(answer)?.[1]
  if (response.statusCode !== 202 || runId === undefined) {
    throw new Error(`the webhook was answered ${response.statusCode}: ${answer}`)
  }
  return { sentAt, acceptedAt, runId }
}

/** Waits until the run is over, and returns all about it. */
export async function runOf(url: string, runId: string): Promise<RunStory> {
  return until('the run is over', async () => {
    const response = await fetch(`${url}/api/runs/${runId}`, { headers: { authorization } })
    if (!response.ok) throw new Error(`run ${runId}: ${response.status} ${await response.text()}`)
    const run = (await response.json()) as RunStory
    return run.state === 'done' && run
  })
}

/** Payload version 4. What begins now is another episode, and acts anew. */
function notification({ id, name }: KnownContainer): unknown {
  const labels = {
    alertname: 'PidwardenDuplicatesCritical',
    ...{ id, name, instance: 'pidwarden:3001', job: 'pidwarden' },
    ...{ playbook: 'cleanup', resource: 'duplicates', severity: 'critical', tier: 'critical' },
  }
  const alert = {
    status: 'firing',
    labels,
    annotations: { summary: 'A container has reached its critical tier for duplicates.' },
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus:9090/graph',
    fingerprint: randomBytes(8).toString('hex'),
  }
  return {
    receiver: 'pidwarden',
    status: 'firing',
    alerts: [alert],
    groupLabels: labels,
    commonLabels: labels,
    commonAnnotations: alert.annotations,
    externalURL: 'http://alertmanager:9093',
    version: '4',
    groupKey: '{}',
    truncatedAlerts: 0,
  }
}
