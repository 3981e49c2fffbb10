import { type Static, Type } from 'typebox'

/**
 * What Alertmanager posts (payload version 4). Open on purpose: newer versions add fields (notification_reason in
 * 0.32, routeLabels in 0.34), and one notification mixes firing and resolved alerts, so only `alerts` decides.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export const WebhookAlert = Type.Object({
  status: Type.Enum(['firing', 'resolved']),
  labels: Type.Record(Type.String(), Type.String()),
  annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
  startsAt: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'With the fingerprint it names one firing, however often it is delivered.',
  }),
  endsAt: Type.Optional(Type.String({ maxLength: 64 })),
  fingerprint: Type.String({ minLength: 1, maxLength: 64 }),
})
export type WebhookAlert = Static<typeof WebhookAlert>

/** The body of POST /webhooks/alertmanager. */
export const WebhookPayload = Type.Object({
  version: Type.Literal('4'),
  status: Type.Enum(['firing', 'resolved'], {
    description: 'Of the group; what is done depends on the status of each alert alone.',
  }),
  alerts: Type.Array(WebhookAlert, { maxItems: 100_000 }),
  receiver: Type.Optional(
    Type.String({
      maxLength: 1024,
      description: 'A regular expression: Alertmanager quotes what is special in the name.',
    }),
  ),
  truncatedAlerts: Type.Optional(
    Type.Integer({ minimum: 0, description: 'How many more there are; they are asked for.' }),
  ),
})
export type WebhookPayload = Static<typeof WebhookPayload>

/** Why an alert was not queued: not an error, it is merely nothing to act on here. */
export const skipReasons = [
  'missing_label',
  'label_too_long',
  'unknown_tier',
  'unknown_resource',
  'unknown_playbook',
  'not_for_playbook',
  'unknown_container',
  'container_gone',
  'other_host',
  'own_stack',
  'being_recreated',
  'not_enforced',
  'resolved',
  'watchdog',
] as const

/** What became of one alert of a notification. */
export const Verdict = Type.Object(
  {
    fingerprint: Type.String(),
    startsAt: Type.String(),
    verdict: Type.Enum(['queued', 'known', 'skipped'], {
      description:
        'queued: a run will look at it. known: this episode was delivered before. skipped: see reason.',
    }),
    reason: Type.Optional(
      Type.Enum([...skipReasons], {
        description: 'Why it was not queued: no error, it is merely nothing to act on here.',
      }),
    ),
    runId: Type.Optional(Type.String({ description: 'GET /api/runs/:id tells of it.' })),
  },
  { title: 'Verdict', description: 'What became of one alert of a notification.' },
)
export type Verdict = Static<typeof Verdict>

/** One of the reasons to skip an alert. */
export type SkipReason = (typeof skipReasons)[number]

/**
 * One way to write a moment: Alertmanager writes the same one with three digits of a second in its API, and with as
 * many as it needs in notifications. Text that is no time stays as it is.
 */
export function instant(text: string): string {
  const at = Date.parse(text)
  return Number.isNaN(at) ? text : new Date(at).toISOString()
}
