import type { Alertmanager } from '../host/alertmanager.ts'
import { errorMessage } from '../host/reading.ts'
import type { WebhookAlert, WebhookPayload } from './webhook.ts'

/** What a notification is completed with. */
export interface TruncatedPorts {
  readonly alertmanager: Alertmanager
  /** The members of the cluster that the notification may come from. Never an address that it brings itself. */
  readonly urls: () => readonly string[]
}

/** The alerts that a notification came without, or why they could not be had. */
export type Rest =
  | { readonly kind: 'complete'; readonly alerts: readonly WebhookAlert[] }
  | { readonly kind: 'unknown'; readonly detail: string }

/**
 * What `max_alerts` has cut off a notification, from the API of Alertmanager: whatever fires for the same receiver and
 * is not among those that came. All members are asked at once, as one that was just restarted knows of nothing yet.
 * Never throws.
 */
export async function restOf(
  { alerts, receiver = '.*' }: WebhookPayload,
  { alertmanager, urls }: TruncatedPorts,
): Promise<Rest> {
  const here = new Set(alerts.map(({ fingerprint }) => fingerprint))
  const answers = await Promise.allSettled(urls().map((url) => alertmanager.firing(url, receiver)))
  const firing = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  const rest = new Map(
    firing.filter(({ fingerprint }) => !here.has(fingerprint)).map((alert) => [alert.fingerprint, alert]),
  )
  if (answers.some(({ status }) => status === 'fulfilled')) {
    return { kind: 'complete', alerts: [...rest.values()].map((alert) => ({ ...alert, status: 'firing' })) }
  }
  const failures = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [errorMessage(answer.reason)] : [],
  )
  const detail = failures.length > 0 ? failures.join('; ') : 'alertmanager.urls is empty in the configuration'
  return { kind: 'unknown', detail }
}
