import { Agent, request } from 'node:http'
import { setInterval } from 'node:timers/promises'
import { instant, type Verdict, type WebhookAlert } from '../../src/remediation/webhook.ts'
import { token } from './program.ts'

/** Ids of the containers that a storm is about. */
export interface Targets {
  /** Above a tier, and restarted for it. */
  readonly above: readonly string[]
  /** Opted in, and well: a playbook is asked for and refused. */
  readonly well: string
  /** Not opted in, and only recorded. */
  readonly watched: string
  /** Part of pidwarden's own stack. */
  readonly own: string
}

const startsAt = '2026-11-20T12:00:00Z'
const acting = { tier: 'nuclear', resource: 'processes', playbook: 'restart' }
const recording = { tier: 'warning', resource: 'processes', playbook: 'record' }

function alert(
  fingerprint: string,
  id: string,
  labels: object,
  rest: Partial<WebhookAlert> = {},
): WebhookAlert {
  return {
    status: 'firing',
    labels: { alertname: 'Storm', id, name: 'x', severity: 'critical', instance: 'a:3001', ...labels },
    annotations: { summary: 'A container has reached a tier.', value: '101', threshold: '100' },
    startsAt,
    fingerprint,
    ...rest,
  }
}

/** The fifty alerts of notification number `n`: repeats, news, and whatever else a host gets that is not meant. */
export function notification(n: number, { above, well, watched, own }: Targets): readonly WebhookAlert[] {
  const times = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => make(i))
  const recorded = (post: number, index: number, rest?: Partial<WebhookAlert>): WebhookAlert =>
    alert(`recorded-${post}-${index}`, watched, recording, rest)
  return [
    // The same few, over and over, also twice in one notification.
    ...times(6, (index) => alert(`above-${index % above.length}`, above[index % above.length] ?? '', acting)),
    ...times(4, (index) => alert(`well-${index % 2}`, well, acting)),
    ...times(10, (index) => recorded(n, index)),
    // From the second Alertmanager: what the first has brought a moment ago.
    ...times(5, (index) => recorded(Math.max(0, n - 1), index)),
    ...times(10, (index) => alert(`elsewhere-${index}`, index.toString(16).repeat(64), acting)),
    ...times(3, (index) => recorded(Math.max(0, n - 20), index, { status: 'resolved' })),
    ...times(2, (index) => alert(`never-${index}`, watched, recording, { status: 'resolved' })),
    ...times(5, (index) => alert(`unknown-${index}`, watched, { ...recording, playbook: 'unheard-of' })),
    ...times(2, (index) => alert(`own-${index}`, own, acting)),
    ...times(2, (index) => alert(`observed-${index}`, watched, acting)),
    alert('unlabelled', '', acting),
  ]
}

/** Which container's episodes a host takes down: `fingerprint startsAt` and how often each was delivered. */
export function expectedDeliveries(sent: readonly (readonly WebhookAlert[])[]): Map<string, number> {
  const deliveries = new Map<string, number>()
  for (const { status, fingerprint, startsAt: at } of sent.flat()) {
    if (status !== 'firing' || !/^(above|well|recorded)-/.test(fingerprint)) continue
    const episode = `${fingerprint} ${instant(at)}`
    deliveries.set(episode, (deliveries.get(episode) ?? 0) + 1)
  }
  return deliveries
}

/** What came back for one notification. */
export interface Answer {
  readonly status: number
  readonly verdicts: readonly Verdict[]
}

/** Sends the notifications, one every `every` milliseconds whatever became of those before; the answers in order. */
export async function send(
  url: string,
  notifications: readonly (readonly WebhookAlert[])[],
  every: number,
): Promise<readonly Answer[]> {
  const bodies = notifications.map((alerts) => JSON.stringify({ version: '4', status: 'firing', alerts }))
  // As many connections as some Alertmanagers have, not one for each notification.
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const answers: Promise<Answer>[] = []
  const begun = performance.now()
  try {
    for await (const _ of setInterval(every)) {
      const due = Math.min(bodies.length, Math.ceil((performance.now() - begun) / every))
      for (const body of bodies.slice(answers.length, due)) answers.push(post(url, body, agent))
      if (answers.length === bodies.length) break
    }
    return await Promise.all(answers)
  } finally {
    agent.destroy()
  }
}

function post(url: string, body: string, agent: Agent): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/webhooks/alertmanager`, { method: 'POST', headers, agent }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('error', reject)
      answer.on('end', () => {
        const { alerts = [] }: { alerts?: Verdict[] } = JSON.parse(text)
        resolve({ status: answer.statusCode ?? 0, verdicts: alerts })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
