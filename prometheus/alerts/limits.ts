/** Limits that are missing, not in force, or in the way. */
import { forPeople, type Group, optedIn, same, withId } from './rule.ts'

/** Names of the limits of a container that `selector` has, for a sentence. Sorted, or it would change from one evaluation to the next. */
const names = (selector: string): string =>
  `{{ range printf \`${selector}\` $labels.job $labels.instance $labels.name | query | sortByLabel "resource" }} {{ .Labels.resource }}{{ end }}`
const place = 'job=%q,instance=%q,name=%q'

/** All alerts about limits, for people. Whether pidwarden itself sets limits is a tier of its own. */
export const limits: Group = {
  name: 'pidwarden-limits',
  comment:
    'Limits that are missing, not in force, or in the way: for people. Where a threshold asks for it, tiers-limits.yml acts.',
  rules: [
    forPeople({
      alert: 'PidwardenPidsLimitHit',
      expr: withId('(increase(pidwarden_container_pids_limit_hits_total[5m]) > 0)'),
      for: '0s',
      severity: 'critical',
      resource: 'pids',
      level: '2',
      summary: 'A container could not start processes because of its PID limit.',
      description:
        'The kernel refused container {{ $labels.name }} on {{ $labels.instance }} about {{ $value | printf "%.0f" }} new tasks within five minutes. Whatever wanted them has failed.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenLimitsMissing',
      comment:
        'Only containers that have opted in: on a host where nobody asked for limits this would fire for every one.',
      expr: `(
    count without (resource, source) (
        pidwarden_container_limit{source="policy"}
      unless on (job, instance, name, resource)
        pidwarden_container_limit{source="kernel"}
    )
  and ${same}
    pidwarden_container_pids
)
* ${same} group_left (id)
  ${optedIn}`,
      for: '15m',
      severity: 'warning',
      resource: 'limits',
      level: '2',
      summary: 'A container that has opted in runs without limits that its policy wants.',
      description: `Container {{ $labels.name }} on {{ $labels.instance }} has no limit in the kernel for {{ $value }} of the wanted ones; wanted are:${names(`pidwarden_container_limit{${place},source="policy"}`)}. The playbook enforce-limits sets them.`,
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenLimitsNotEnforced',
      comment: 'One part in a hundred is the rounding of the kernel, to pages and microseconds.',
      expr: withId(`(
    count without (resource, source) (
        pidwarden_container_limit{source="kernel"}
      > ignoring (source)
        1.01 * pidwarden_container_limit{source="docker"}
      or
        pidwarden_container_limit{source="docker"}
      unless on (job, instance, name, resource)
        pidwarden_container_limit{source="kernel"}
    )
  and ${same}
    pidwarden_container_pids
)`),
      for: '5m',
      severity: 'critical',
      resource: 'limits',
      level: '2',
      summary: 'A limit is configured in Docker and not in force in the kernel.',
      description: `The kernel does not hold {{ $value }} of the limits that Docker has for container {{ $labels.name }} on {{ $labels.instance }}:${names(`pidwarden_container_limit{${place},source="docker"}`)}. Whoever relies on them is wrong.`,
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenCpuThrottled',
      expr: withId(`(
    instance_name:pidwarden_container_cpu_throttled_seconds:rate5m
  > ${same} group_left ()
    instance_name:pidwarden_container_cpu_seconds:rate2m
)`),
      for: '15m',
      keep_firing_for: '5m',
      severity: 'warning',
      resource: 'cpu',
      level: '2',
      summary: 'A container is held back by its CPU limit for longer than it runs.',
      description:
        'For every second, container {{ $labels.name }} on {{ $labels.instance }} is held back by its CPU limit for {{ $value | humanizeDuration }}, longer than it runs.',
      dashboard: 'container',
    }),
  ],
}
