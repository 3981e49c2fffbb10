/** The monitoring watches itself. */
import { forPeople, type Group } from './rule.ts'

const about = { resource: 'monitoring', dashboard: 'itself' } as const

/** All alerts about it. */
export const itself: Group = {
  name: 'pidwarden-itself',
  comment: `The monitoring watches itself. These alerts are for people: they name no container and no playbook, so
Alertmanager never hands them to the webhook, but for the one that always fires.`,
  rules: [
    forPeople({
      ...about,
      alert: 'PidwardenDown',
      comment:
        '`absent` covers the target that disappeared from the configuration, where there is no `up` to be zero.',
      expr: 'up{job="pidwarden"} == 0 or absent(up{job="pidwarden"})',
      for: '1m',
      severity: 'critical',
      level: '3',
      summary: 'Nothing is counted and nothing is healed on a Docker host.',
      description:
        'Prometheus cannot scrape pidwarden{{ with $labels.instance }} at {{ . }}{{ end }}. Containers of this host have no alerts until it is back.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenDockerUnreachable',
      expr: 'pidwarden_docker_up == 0',
      for: '1m',
      severity: 'critical',
      level: '3',
      summary: 'pidwarden cannot reach the Docker engine.',
      description:
        'pidwarden at {{ $labels.instance }} still counts the processes that it knew, but it sees no new container and can neither limit nor restart one.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenCollectorFailing',
      expr: 'pidwarden_collector_success == 0',
      for: '5m',
      severity: 'warning',
      level: '2',
      summary: 'A part of the metrics cannot be read.',
      description:
        'The collector {{ $labels.collector }} of pidwarden at {{ $labels.instance }} has been failing for five minutes; /api/health says why.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenPrivilegeMissing',
      expr: 'pidwarden_privileges_missing > 0',
      for: '1m',
      severity: 'warning',
      level: '2',
      summary: 'pidwarden lacks privileges that it needs.',
      description:
        'pidwarden at {{ $labels.instance }} lacks {{ $value }} privileges; /readyz names them, and what does not work without them.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenConfigRefused',
      expr: 'pidwarden_config_last_reload_successful == 0',
      for: '1m',
      severity: 'warning',
      level: '2',
      summary: 'A new configuration of pidwarden was refused.',
      description:
        'pidwarden at {{ $labels.instance }} goes on with its old configuration; /api/health names file, line and key of what is wrong.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenWebhookFailing',
      comment:
        'One failure is in sight for two minutes, and the alert waits for three: a moment without pidwarden is no outage.',
      expr: 'sum without (reason) (rate(alertmanager_notifications_failed_total{integration="webhook"}[2m])) > 0',
      for: '3m',
      severity: 'critical',
      level: '3',
      summary: 'Alertmanager cannot deliver to a webhook, and nothing may be healed.',
      description:
        'Deliveries to webhooks have been failing at Alertmanager {{ $labels.instance }} for three minutes. If it is the one of pidwarden, alerts are not acted on; its log names the receiver and the reason.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenMessagesFailing',
      comment:
        'Whatever is no webhook: mail, Slack, and the like. What fails is tried again every 30 seconds.',
      expr: 'sum without (reason) (rate(alertmanager_notifications_failed_total{integration!="webhook"}[2m])) > 0',
      for: '3m',
      severity: 'critical',
      level: '3',
      summary: 'Alertmanager cannot deliver messages to people.',
      description:
        'Messages by {{ $labels.integration }} have been failing at Alertmanager {{ $labels.instance }} for three minutes: whoever is told that way hears of nothing. Its log names the receiver and the reason.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenStackConfigRefused',
      expr: `  alertmanager_config_last_reload_successful == 0
or
  prometheus_config_last_reload_successful == 0`,
      for: '1m',
      severity: 'warning',
      level: '2',
      summary: 'Prometheus or Alertmanager has refused a new configuration.',
      description:
        'The job {{ $labels.job }} at {{ $labels.instance }} could not take its edited configuration and goes on with the old one; its log names what is wrong.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenHeartbeatMissing',
      comment: 'The second part is for one that has never heard of it. The alert comes again every minute.',
      expr: `  time() - pidwarden_watchdog_last_seen_timestamp_seconds > 180
or
    sum without (version, node) (pidwarden_build_info)
  unless on (job, instance)
    pidwarden_watchdog_last_seen_timestamp_seconds`,
      for: '2m',
      severity: 'critical',
      level: '3',
      summary: 'Alerts do not come through to pidwarden.',
      description:
        'The alert that always fires has not reached pidwarden at {{ $labels.instance }} for five minutes: Prometheus, Alertmanager, the route or the token between them is broken, and nothing is healed.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenNotificationsLost',
      expr: 'increase(pidwarden_truncated_notifications_total{completed="no"}[15m]) > 0',
      for: '0s',
      severity: 'critical',
      level: '3',
      summary: 'Notifications reached pidwarden without all their alerts.',
      description:
        'About {{ $value | printf "%.0f" }} notifications were cut by Alertmanager within a quarter of an hour, and pidwarden at {{ $labels.instance }} could not read the rest from it.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenIncidentsUntold',
      expr: 'pidwarden_alertmanager_up == 0',
      for: '2m',
      severity: 'critical',
      level: '3',
      summary: 'pidwarden cannot tell Alertmanager of incidents.',
      description:
        'An Alertmanager has not taken what pidwarden at {{ $labels.instance }} tells of incidents for two minutes; /api/health says which and why. People may not hear of them.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenNotDelivering',
      expr: `  sum without (alertmanager) (rate(prometheus_notifications_errors_total[2m]))
+
  sum without (alertmanager) (rate(prometheus_notifications_dropped_total[2m]))
> 0`,
      for: '3m',
      severity: 'critical',
      level: '3',
      summary: 'Prometheus cannot hand its alerts to an Alertmanager.',
      description:
        'Prometheus {{ $labels.instance }} has been losing alerts on their way to an Alertmanager for three minutes: people are not told, and pidwarden is not called.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenRulesFailing',
      comment: 'One container with two info series at a time fails the rules of all: see prometheus.yml.',
      expr: 'increase(prometheus_rule_evaluation_failures_total{rule_group=~".*;pidwarden-.*"}[2m]) > 0',
      for: '3m',
      severity: 'critical',
      level: '3',
      summary: 'Rules of pidwarden cannot be evaluated.',
      description:
        'Prometheus {{ $labels.instance }} has been failing to evaluate rules of {{ $labels.rule_group }} for three minutes: alerts of every container may be missing.',
    }),
    forPeople({
      ...about,
      alert: 'PidwardenWatchdog',
      comment: 'Always fires. Whoever waits for it knows that alerts come through; pidwarden does.',
      expr: 'vector(1)',
      for: '0s',
      severity: 'info',
      level: '1',
      summary: 'Alerts come through.',
      description:
        'This alert of Prometheus {{ $externalURL }} always fires. When it stops, Prometheus or Alertmanager is broken.',
    }),
  ],
}
