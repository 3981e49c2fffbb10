import type { Verdict, WebhookAlert } from '../../src/remediation/webhook.ts'
import { token } from './program.ts'

/** What came back for a notification. */
export interface Posted {
  readonly status: number
  /** What is wrong, when it was not taken. */
  readonly title?: string
  readonly alerts?: readonly Verdict[]
}

/** Posts a notification as Alertmanager does. */
export async function post(url: string, ...alerts: readonly WebhookAlert[]): Promise<Posted> {
  const response = await fetch(`${url}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ version: '4', status: 'firing', alerts }),
  })
  return { ...((await response.json()) as object), status: response.status }
}

/** What /readyz says: its status, and what is failing. */
export async function readiness(
  url: string,
): Promise<{ readonly status: number; readonly failing: Readonly<Record<string, string>> }> {
  const response = await fetch(`${url}/readyz`)
  const { failing } = (await response.json()) as { failing: { name: string; detail: string }[] }
  return {
    status: response.status,
    failing: Object.fromEntries(failing.map(({ name, detail }) => [name, detail])),
  }
}
