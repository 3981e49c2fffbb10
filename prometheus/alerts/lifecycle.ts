/** Where a container is in its life: killed, restarting, ill, gone. */
import { forPeople, type Group, optedIn, same, withId } from './rule.ts'

/** All alerts about it. */
export const lifecycle: Group = {
  name: 'pidwarden-lifecycle',
  comment: 'Containers that are killed, restart again and again, are ill, down or gone: for people.',
  rules: [
    forPeople({
      alert: 'PidwardenOomKilled',
      expr: withId('(increase(pidwarden_container_oom_kills_total[10m]) > 0)'),
      for: '0s',
      severity: 'critical',
      resource: 'memory',
      level: '2',
      summary: 'The kernel killed processes of a container for want of memory.',
      description:
        'About {{ $value | printf "%.0f" }} processes of container {{ $labels.name }} on {{ $labels.instance }} were killed within ten minutes, because its memory limit or the memory of the host was used up.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenRestartLoop',
      comment:
        'Only what its restart policy starts: a job that somebody starts every few minutes is no loop.',
      expr: withId('(round(increase(pidwarden_container_restarts_total[15m])) >= 3)'),
      for: '0s',
      keep_firing_for: '5m',
      severity: 'critical',
      resource: 'health',
      level: '3',
      summary: 'A container ends and is restarted by its restart policy, again and again.',
      description:
        'Container {{ $labels.name }} on {{ $labels.instance }} was restarted {{ $value }} times by its restart policy within a quarter of an hour.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenUnhealthy',
      expr: withId(`max without (status) (
    pidwarden_container_health{status="unhealthy"} == 1
  and ${same}
    (pidwarden_container_state{state="running"} == 1)
)`),
      for: '5m',
      keep_firing_for: '1m',
      severity: 'warning',
      resource: 'health',
      level: '2',
      summary: 'A container has been unhealthy for five minutes.',
      description:
        'The health check of container {{ $labels.name }} on {{ $labels.instance }} has been failing for five minutes.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenCrashed',
      comment:
        'Only containers that have opted in: a `docker run` that ended with an error is for whoever typed it.',
      expr: withId('(pidwarden_container_crashed == 1)', optedIn),
      for: '1m',
      severity: 'critical',
      resource: 'health',
      level: '2',
      summary: 'A container that has opted in has crashed, and nobody starts it again.',
      description:
        'Container {{ $labels.name }} on {{ $labels.instance }} has ended by itself with a failure and does not run.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenContainerMissing',
      expr: 'pidwarden_container_absent == 1',
      for: '1m',
      severity: 'critical',
      resource: 'health',
      level: '2',
      summary: 'A container that the configuration expects is not there.',
      description:
        'Container {{ $labels.name }} is expected on {{ $labels.instance }} by the configuration of pidwarden, and neither runs nor is paused.',
      dashboard: 'fleet',
    }),
    forPeople({
      alert: 'PidwardenPolicyErrors',
      expr: withId('(pidwarden_container_policy_errors > 0)'),
      for: '1m',
      severity: 'warning',
      resource: 'policy',
      level: '2',
      summary: 'Labels of a container were refused, and it is only observed.',
      description:
        'pidwarden could not understand {{ $value }} labels of container {{ $labels.name }} on {{ $labels.instance }}. Until they are mended nothing is done about it; /api/health names each of them.',
      dashboard: 'container',
    }),
  ],
}
