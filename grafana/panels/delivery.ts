/**
 * Panels about what stands between a count and a deed: Prometheus evaluates rules and hands alerts to Alertmanager,
 * which hands them to pidwarden. Both export these metrics of themselves under jobs of their own, so that they are
 * selected by name alone, for all hosts together.
 */
import { levelWords } from '../parts/colors.ts'
import { alarm } from '../parts/figure.ts'
import { events, graph, logarithmic } from '../parts/graph.ts'
import { now, over, rows } from '../parts/query.ts'
import { hosts } from '../parts/selection.ts'
import { rowsOf } from '../parts/table.ts'

/** Deliveries are minutes apart: a shorter interval would find none, and no latency either. */
const pace = '1m'

/** What Alertmanager handed to webhooks. */
export const notifications = () =>
  events(
    {
      title: 'Notifications to webhooks',
      description:
        'What Alertmanager handed to webhooks, pidwarden among them, and what failed. Source: alertmanager_notifications_total and alertmanager_notifications_failed_total, which Alertmanager exports of itself.',
      unit: 'none',
      width: 12,
    },
    over(
      `sum(increase(alertmanager_notifications_total{integration="webhook"}[$__rate_interval]))`,
      'all',
    ).interval(pace),
    over(
      `sum by (reason) (increase(alertmanager_notifications_failed_total{integration="webhook"}[$__rate_interval]))`,
      'failed: {{reason}}',
    ).interval(pace),
  )

/** How long they took. */
export const latency = () =>
  graph(
    {
      title: 'Time of a notification',
      description:
        'Mean time that Alertmanager waited for webhooks. Source: alertmanager_notification_latency_seconds, which Alertmanager exports of itself.',
      unit: 's',
      width: 12,
    },
    over(
      `sum(rate(alertmanager_notification_latency_seconds_sum{integration="webhook"}[$__rate_interval])) / (sum(rate(alertmanager_notification_latency_seconds_count{integration="webhook"}[$__rate_interval])) > 0)`,
      'mean',
    )
      .interval(pace)
      .emptyWhenHealthy('Alertmanager has delivered nothing yet'),
  ).noValue('none in this range')

/** What Prometheus handed to Alertmanager. */
export const handedOver = () =>
  events(
    {
      title: 'Alerts to Alertmanager',
      description:
        'What Prometheus handed to Alertmanager, what was refused, and what it had to drop. Source: prometheus_notifications_sent_total, _errors_total and _dropped_total, which Prometheus exports of itself.',
      unit: 'none',
      width: 12,
    },
    over(`sum(increase(prometheus_notifications_sent_total[$__rate_interval]))`, 'sent').interval(pace),
    over(`sum(increase(prometheus_notifications_errors_total[$__rate_interval]))`, 'refused').interval(pace),
    over(`sum(increase(prometheus_notifications_dropped_total[$__rate_interval]))`, 'dropped').interval(pace),
  )

/** How long pidwarden has not heard of the alert that always fires. */
export const watchdog = () =>
  graph(
    {
      title: 'Time since the Watchdog was heard',
      description:
        'It goes up to the repeat interval of the alert and down again. When it only goes up, something between Prometheus and pidwarden is broken. Source: the webhook of pidwarden.',
      unit: 's',
      width: 12,
    },
    over(
      `time() - pidwarden_watchdog_last_seen_timestamp_seconds{${hosts}}`,
      '{{instance}}',
    ).emptyWhenHealthy('the alert that always fires has not come through yet'),
  ).noValue('not heard yet')

/** Notifications that were cut. */
export const cut = () =>
  alarm(
    {
      title: 'Notifications cut',
      description:
        'Notifications within the range that came without all their alerts: completed = the rest was read from Alertmanager, lost = it was not. Source: the webhook of pidwarden.',
      width: 6,
      height: 8,
    },
    'red',
    now(completed('yes'), 'completed'),
    now(completed('no'), 'lost'),
  ).overrideByName('completed', [{ id: 'color', value: { mode: 'fixed', fixedColor: 'blue' } }])

/** Rules that could not be evaluated. */
export const failures = () =>
  alarm(
    {
      title: 'Rules failed, passes missed',
      description:
        'Rules that Prometheus could not evaluate within the range, and passes that it had no time for. Source: prometheus_rule_evaluation_failures_total and prometheus_rule_group_iterations_missed_total, which Prometheus exports of itself.',
      width: 6,
      height: 8,
    },
    'red',
    now(`ceil(sum(increase(prometheus_rule_evaluation_failures_total[$__range])))`, 'failed'),
    now(`ceil(sum(increase(prometheus_rule_group_iterations_missed_total[$__range])))`, 'missed'),
  )

/** How long the rules take. */
export const rules = () =>
  graph(
    {
      title: 'Time of the rules',
      description:
        'How long Prometheus took for the last pass over each group of rules; more than the evaluation interval is too long. The axis is logarithmic. Source: prometheus_rule_group_last_duration_seconds, which Prometheus exports of itself.',
      unit: 's',
      width: 12,
    },
    over(group(`prometheus_rule_group_last_duration_seconds`), '{{group}}'),
    over(`max(prometheus_rule_group_interval_seconds)`, 'limit'),
  )
    .min(0.0001)
    .scaleDistribution(logarithmic())

/** What fires about the monitoring. */
export const alerts = () =>
  rowsOf(
    {
      title: 'Alerts about the monitoring',
      description:
        'Alerts about pidwarden on all hosts, about Prometheus and about Alertmanager, and how long they have been firing. Source: ALERTS and ALERTS_FOR_STATE of Prometheus.',
      width: 24,
      height: 6,
    },
    { by: 'Firing for', descending: true },
    [
      { from: 'alertname', title: 'Alert' },
      { from: 'job', title: 'Job' },
      { from: 'instance', title: 'Host' },
      { from: 'level', title: 'Told to', mappings: levelWords },
      { from: 0, title: 'Firing for', unit: 's', decimals: 0 },
    ],
    rows(
      `max by (alertname, job, instance, level) (time() - ALERTS_FOR_STATE{${monitoring}}) and on (alertname, job, instance, level) ALERTS{${monitoring}, alertstate="firing"}`,
    ).emptyWhenHealthy('no alert fires'),
  )

const monitoring = 'alertname=~"Pidwarden.+", resource="monitoring", severity!="info"'

/** The name of a group without the path of its file. */
function group(metric: string): string {
  return `max by (group) (label_replace(${metric}, "group", "$1", "rule_group", ".*;(.+)"))`
}

function completed(yes: 'yes' | 'no'): string {
  return `ceil(sum(increase(pidwarden_truncated_notifications_total{${hosts}, completed="${yes}"}[$__range])))`
}
