/** The monitoring watches itself. */
import type { AlertCase } from '../alert-case.ts'
import { type Course, from, host, type Labels, type Series, scraped } from '../series.ts'
import { aHost, forPeople } from './people.ts'

const about = { resource: 'monitoring', dashboard: 'itself' } as const
const critical = { ...about, severity: 'critical', level: '3' } as const
const warning = { ...about, severity: 'warning', level: '2' } as const
const begin = 30

/** An alert about one gauge of pidwarden. */
const gauge = (metric: string, ill: number, well: number, labels: Labels = {}) => ({
  ...{ since: begin, of: { ...aHost, ...labels } },
  series: [host(metric, from(begin, ill, well), labels)],
  below: [host(metric, well, labels)],
})

const down = forPeople({
  ...{ ...critical, alert: 'PidwardenDown', since: begin, waits: 60, of: aHost, ofOneJob: true },
  series: [scraped('pidwarden', 'up', from(begin, 0, 1), aHost)],
  description:
    'Prometheus cannot scrape pidwarden at host-a:3001. Containers of this host have no alerts until it is back.',
  below: [scraped('pidwarden', 'up', 1, aHost)],
  also: [
    { title: 'no target at all', series: [scraped('prometheus', 'up', 1)], fires: true, alone: true },
    {
      title: 'a restart',
      series: [scraped('pidwarden', 'up', (at) => (at > begin && at < begin + 50 ? 0 : 1), aHost)],
      fires: false,
    },
  ],
})

const dockerUnreachable = forPeople({
  ...{ ...critical, alert: 'PidwardenDockerUnreachable', waits: 60 },
  ...gauge('docker_up', 0, 1),
  description:
    'pidwarden at host-a:3001 still counts the processes that it knew, but it sees no new container and can neither limit nor restart one.',
})

const collectorFailing = forPeople({
  ...{ ...warning, alert: 'PidwardenCollectorFailing', waits: 300 },
  ...gauge('collector_success', 0, 1, { collector: 'census' }),
  description:
    'The collector census of pidwarden at host-a:3001 has been failing for five minutes; /api/health says why.',
})

const privilegeMissing = forPeople({
  ...{ ...warning, alert: 'PidwardenPrivilegeMissing', waits: 60 },
  ...gauge('privileges_missing', 2, 0),
  description:
    'pidwarden at host-a:3001 lacks 2 privileges; /readyz names them, and what does not work without them.',
})

const configRefused = forPeople({
  ...{ ...warning, alert: 'PidwardenConfigRefused', waits: 60 },
  ...gauge('config_last_reload_successful', 0, 1),
  description:
    'pidwarden at host-a:3001 goes on with its old configuration; /api/health names file, line and key of what is wrong.',
})

const incidentsUntold = forPeople({
  ...{ ...critical, alert: 'PidwardenIncidentsUntold', waits: 120 },
  ...gauge('alertmanager_up', 0, 1),
  description:
    'An Alertmanager has not taken what pidwarden at host-a:3001 tells of incidents for two minutes; /api/health says which and why. People may not hear of them.',
})

/** One more at `begin`, and every minute from then on. */
const again: Course = (at) => (at < begin ? 0 : 1 + Math.floor((at - begin) / 60))
/** One more at `begin`, and that was all. */
const once = from(begin, 1)

const rejected = (webhook: Course | number, mail: Course | number = 0): Series[] => [
  failed('webhook', 'serverError', webhook),
  failed('webhook', 'clientError', 0),
  failed('email', 'other', mail),
]

function failed(integration: string, reason: string, course: Course | number): Series {
  const labels = { integration, reason }
  return scraped('alertmanager', 'alertmanager_notifications_failed_total', course, labels)
}

const webhookFailing = forPeople({
  ...{ ...critical, alert: 'PidwardenWebhookFailing', since: begin, waits: 180, remembers: 300 },
  of: { job: 'alertmanager', instance: 'alertmanager:9090', integration: 'webhook' },
  series: rejected(again),
  description:
    'Deliveries to webhooks have been failing at Alertmanager alertmanager:9090 for three minutes. If it is the one of pidwarden, alerts are not acted on; its log names the receiver and the reason.',
  below: rejected(3, again),
  reset: rejected(from(begin, 0, 7)),
  also: [{ title: 'a single failure', series: rejected(once), fires: false }],
})

const messagesFailing = forPeople({
  ...{ ...critical, alert: 'PidwardenMessagesFailing', since: begin, waits: 180, remembers: 300 },
  of: { job: 'alertmanager', instance: 'alertmanager:9090', integration: 'email' },
  series: rejected(0, again),
  description:
    'Messages by email have been failing at Alertmanager alertmanager:9090 for three minutes: whoever is told that way hears of nothing. Its log names the receiver and the reason.',
  below: rejected(again, 3),
  reset: rejected(0, from(begin, 0, 7)),
  also: [{ title: 'a single failure', series: rejected(0, once), fires: false }],
})

/** Configurations of Alertmanager and of Prometheus, in force or not. */
const loaded = (ofAlertmanager: Course | number, ofPrometheus: Course | number): Series[] => [
  scraped('alertmanager', 'alertmanager_config_last_reload_successful', ofAlertmanager),
  scraped('prometheus', 'prometheus_config_last_reload_successful', ofPrometheus),
]

const stackConfigRefused = forPeople({
  ...{ ...warning, alert: 'PidwardenStackConfigRefused', since: begin, waits: 60 },
  of: { job: 'alertmanager', instance: 'alertmanager:9090' },
  series: loaded(from(begin, 0, 1), 1),
  description:
    'The job alertmanager at alertmanager:9090 could not take its edited configuration and goes on with the old one; its log names what is wrong.',
  below: loaded(1, 1),
  also: [{ title: 'Prometheus', series: loaded(1, from(begin, 0, 1)), fires: true, alone: true }],
})

const built = (labels: Labels = {}): Series =>
  host('build_info', 1, { version: '0.1.0', node: '24.0.0', ...labels })

const heartbeatMissing = forPeople({
  // Seen last after a minute, and missed from the first evaluation on that is more than three minutes later.
  ...{ ...critical, alert: 'PidwardenHeartbeatMissing', since: 245, waits: 120, of: aHost },
  series: [built(), host('watchdog_last_seen_timestamp_seconds', (at) => Math.min(at, 60))],
  description:
    'The alert that always fires has not reached pidwarden at host-a:3001 for five minutes: Prometheus, Alertmanager, the route or the token between them is broken, and nothing is healed.',
  below: [built(), host('watchdog_last_seen_timestamp_seconds', (at) => at - 180)],
  also: [
    { title: 'it was never heard', series: [built()], fires: true },
    {
      title: 'never heard, and updated meanwhile',
      series: [
        { ...built(), course: (at) => (at < 300 ? 1 : at === 300 ? 'stale' : '_') },
        { ...built({ version: '0.2.0' }), course: from(300, 1, '_') },
      ],
      fires: true,
    },
  ],
})

const cut = (no: Course | number, yes: Course | number = 0): Series[] => [
  host('truncated_notifications_total', no, { completed: 'no' }),
  host('truncated_notifications_total', yes, { completed: 'yes' }),
]

const notificationsLost = forPeople({
  ...{ ...critical, alert: 'PidwardenNotificationsLost', since: begin, waits: 0, remembers: 900 },
  of: { ...aHost, completed: 'no' },
  series: cut(from(begin, 2)),
  description:
    'About 2 notifications were cut by Alertmanager within a quarter of an hour, and pidwarden at host-a:3001 could not read the rest from it.',
  below: cut(2, from(begin, 9)),
  reset: cut(from(begin, 0, 7)),
})

const prometheus = { job: 'prometheus', instance: 'prometheus:9090' }
const sent = (refused: Course | number, dropped: Course | number = 0): Series[] => [
  scraped('prometheus', 'prometheus_notifications_errors_total', refused, { alertmanager: 'http://a:9093' }),
  scraped('prometheus', 'prometheus_notifications_errors_total', 4, { alertmanager: 'http://b:9093' }),
  scraped('prometheus', 'prometheus_notifications_dropped_total', dropped),
]

const notDelivering = forPeople({
  ...{
    ...critical,
    alert: 'PidwardenNotDelivering',
    since: begin,
    waits: 180,
    remembers: 300,
    of: prometheus,
  },
  series: sent(again),
  description:
    'Prometheus prometheus:9090 has been losing alerts on their way to an Alertmanager for three minutes: people are not told, and pidwarden is not called.',
  below: sent(7, 7),
  reset: sent(from(begin, 0, 7), from(begin, 0, 7)),
  also: [
    { title: 'dropped', series: sent(0, again), fires: true },
    { title: 'a single one that was refused', series: sent(once), fires: false },
    { title: 'a single one that was dropped', series: sent(0, once), fires: false },
  ],
})

const group = '/etc/prometheus/rules/tiers-pids.yml;pidwarden-tiers-pids'
const evaluated = (ours: Course | number, others: Course | number = 0): Series[] =>
  Object.entries({ [group]: ours, '/etc/prometheus/rules/node.yml;node': others }).map(
    ([rule_group, course]) =>
      scraped('prometheus', 'prometheus_rule_evaluation_failures_total', course, { rule_group }),
  )

const rulesFailing = forPeople({
  ...{ ...critical, alert: 'PidwardenRulesFailing', since: begin, waits: 180, remembers: 300 },
  of: { ...prometheus, rule_group: group },
  series: evaluated(again),
  description: `Prometheus prometheus:9090 has been failing to evaluate rules of ${group} for three minutes: alerts of every container may be missing.`,
  below: evaluated(4, again),
  reset: evaluated(from(begin, 0, 7)),
  also: [{ title: 'a single failure', series: evaluated(once), fires: false }],
})

const watchdog = forPeople({
  ...{ ...about, alert: 'PidwardenWatchdog', severity: 'info', tier: 'normal', level: '1' },
  ...{ since: 0, waits: 0, of: {}, series: [] },
  description:
    'This alert of Prometheus http://prometheus.example.org always fires. When it stops, Prometheus or Alertmanager is broken.',
})

/** All of them. */
export const itselfCases: readonly AlertCase[] = [
  ...[down, dockerUnreachable, collectorFailing, privilegeMissing, configRefused, incidentsUntold],
  ...[webhookFailing, messagesFailing, stackConfigRefused, heartbeatMissing, notificationsLost],
  ...[notDelivering, rulesFailing, watchdog],
]
