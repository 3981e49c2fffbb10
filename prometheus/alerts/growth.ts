/** Early warnings: what is not at a tier yet, and is on its way. */
import { forPeople, type Group, same, withId } from './rule.ts'

const counted = 'pidwarden_container_counted_processes'
const id = `* ${same} group_left (id) pidwarden_container_info`

/** How many processes came in the minute that ended `minutes` ago. */
const added = (minutes: number): string => {
  const at = (ago: number): string => (ago === 0 ? counted : `${counted} offset ${ago}m`)
  return `(${at(minutes)} - ${at(minutes + 1)})`
}

/** All growth alerts. */
export const growth: Group = {
  name: 'pidwarden-growth',
  comment: `Growth, before and after a tier is reached: predictions, exponential growth, what does not decline after healing, and
memory that leaks. They are for people; a higher tier of the same container silences them.`,
  rules: [
    forPeople({
      alert: 'PidwardenProcessesPredicted',
      comment: 'Growing in each half of the window: a jump, such as a deployment makes it, predicts nothing.',
      expr: `(
    ${withId(`predict_linear(${counted}[10m], 900)`).replaceAll('\n', '\n    ')}
  >= ${same} group_left ()
    pidwarden_container_threshold{resource="processes", tier="critical"}
)
and ${same} (${counted} > ${counted} offset 5m)
and ${same} (${counted} offset 5m > ${counted} offset 10m)
unless ${same}
(
    ${counted}
  >= ${same} group_left ()
    pidwarden_container_threshold{resource="processes", tier="critical"}
)`,
      for: '2m',
      keep_firing_for: '5m',
      severity: 'warning',
      resource: 'processes',
      level: '2',
      summary: 'The processes of a container grow towards its critical tier.',
      description:
        'At the pace of the last ten minutes container {{ $labels.name }} on {{ $labels.instance }} has {{ $value | printf "%.0f" }} processes in a quarter of an hour, which is beyond its critical tier.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenPidsLimitPredicted',
      expr: `(
    (instance_name:pidwarden_container_pids_limit:predicted_seconds < 3600)
  ${id}
)
and ${same} (pidwarden_container_pids > pidwarden_container_pids offset 7m)
and ${same} (pidwarden_container_pids offset 7m > pidwarden_container_pids offset 14m)`,
      for: '5m',
      keep_firing_for: '5m',
      severity: 'warning',
      resource: 'pids',
      level: '2',
      summary: 'A container will hit its PID limit within an hour.',
      description:
        'At the pace of the last quarter of an hour container {{ $labels.name }} on {{ $labels.instance }} hits its PID limit in {{ $value | humanizeDuration }}. It counts threads and zombies too.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenProcessesExploding',
      comment:
        'Each of three minutes brought more than the one before, by a fifth at least, and together as many as there were: it doubles. What climbs does not, and neither does a pool that breathes.',
      expr: `(
    ${withId(counted).replaceAll('\n', '\n    ')}
  >= ${same} group_left ()
    min without (resource, tier, playbook) (pidwarden_container_threshold{resource="processes"})
)
and ${same} (${added(0)} > 1.2 * ${added(1)})
and ${same} (${added(1)} > 1.2 * ${added(2)})
and ${same} (${added(2)} > 0)
and ${same} (${counted} >= 2 * ${counted} offset 3m)`,
      for: '0s',
      keep_firing_for: '5m',
      severity: 'critical',
      resource: 'processes',
      level: '2',
      summary: 'The processes of a container grow exponentially.',
      description:
        'Container {{ $labels.name }} on {{ $labels.instance }} has {{ $value }} processes, twice as many as three minutes ago or more, and each of these minutes brought more than the one before.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenNotDeclining',
      comment: 'Only where pidwarden acts: a run that only plans makes nothing decline.',
      expr: `(
    ${withId(counted, 'pidwarden_container_info{mode="enforce"}').replaceAll('\n', '\n    ')}
  >= ${same} group_left ()
    pidwarden_container_threshold{resource="processes", tier="critical"}
)
and ${same} (max_over_time(pidwarden_remediation_in_progress[15m]) == 1)
unless ${same} (pidwarden_remediation_in_progress == 1)
unless ${same} (instance_name:pidwarden_container_processes:deriv5m < 0)`,
      for: '2m',
      keep_firing_for: '5m',
      severity: 'critical',
      resource: 'processes',
      level: '3',
      summary: 'The processes of a container do not decline after pidwarden was at work on it.',
      description:
        'Container {{ $labels.name }} on {{ $labels.instance }} still has {{ $value }} processes and does not lose any, although a run has ended within the last quarter of an hour.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenMemoryLeak',
      comment:
        'Sustained: the least of the last quarter of an hour is above the most of the one between, whose least is above the most of the first; and an hour ago it was there.',
      expr: `(
    (instance_name:pidwarden_container_memory_limit:predicted_seconds < 86400)
  ${id}
)
and ${same}
(
    min_over_time(pidwarden_container_memory_anon_bytes[15m])
  > max_over_time(pidwarden_container_memory_anon_bytes[15m] offset 20m)
)
and ${same}
(
    min_over_time(pidwarden_container_memory_anon_bytes[15m] offset 20m)
  > max_over_time(pidwarden_container_memory_anon_bytes[15m] offset 45m)
)
and ${same} present_over_time(pidwarden_container_memory_anon_bytes[5m] offset 55m)`,
      for: '5m',
      keep_firing_for: '15m',
      severity: 'warning',
      resource: 'memory',
      level: '2',
      summary:
        'The memory of a container has grown for an hour, and will hit its limit, or all that the host has, within a day.',
      description:
        'Memory of container {{ $labels.name }} on {{ $labels.instance }} has grown for an hour. At this pace its limit, or the memory of the host where it has none, is used up in {{ $value | humanizeDuration }}.',
      dashboard: 'container',
    }),
  ],
}
