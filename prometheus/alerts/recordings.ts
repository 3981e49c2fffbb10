/** What several rules and dashboards need, kept under names of its own. */
import type { Group } from './rule.ts'
import { same } from './rule.ts'

/** The memory limit in force; where there is none, all memory of the host, because a container can take all of it then. */
const memoryLimit = `(
        pidwarden_container_memory_limit_bytes
      or
        pidwarden_container_memory_working_set_bytes * 0 + on (job, instance) group_left () pidwarden_host_memory_total_bytes
    )`

/** Rates, shares and predictions. Two minutes hold four samples at thirty seconds, so that one may be missed. */
export const recordings: Group = {
  name: 'pidwarden-recordings',
  comment: `Rates, shares and predictions that rules and dashboards have in common. Two minutes hold four samples at an
interval of thirty seconds, so that one may be missed.`,
  rules: [
    {
      record: 'instance_name:pidwarden_container_cpu_seconds:rate2m',
      expr: 'sum without (mode) (rate(pidwarden_container_cpu_seconds_total[2m]))',
    },
    {
      record: 'instance_name:pidwarden_container_cpu_throttled_seconds:rate5m',
      expr: 'rate(pidwarden_container_cpu_throttled_seconds_total[5m])',
    },
    {
      record: 'instance_name:pidwarden_container_process_starts:rate2m',
      expr: 'rate(pidwarden_container_process_starts_total[2m])',
    },
    {
      record: 'instance_name:pidwarden_container_processes:deriv5m',
      expr: 'deriv(pidwarden_container_counted_processes[5m])',
      comment: 'Processes a second: above 0 they grow, below 0 they decline.',
    },
    {
      record: 'instance_name:pidwarden_container_pids:ratio',
      expr: `pidwarden_container_pids / ${same} group_left () pidwarden_container_pids_limit`,
    },
    {
      record: 'instance_name:pidwarden_container_memory_working_set_bytes:ratio',
      expr: `pidwarden_container_memory_working_set_bytes / ${same} group_left () pidwarden_container_memory_limit_bytes`,
    },
    {
      record: 'instance_name:pidwarden_container_pids_limit:predicted_seconds',
      expr: `(
    pidwarden_container_pids_limit
  - ${same} group_left ()
    pidwarden_container_pids
  > 0
)
/ ${same} group_left ()
(deriv(pidwarden_container_pids[15m]) > 0)`,
      comment:
        'Seconds until the PID limit in force is hit at the pace of the last quarter of an hour; absent while nothing grows, and without a limit.',
    },
    {
      record: 'instance_name:pidwarden_container_memory_limit:predicted_seconds',
      expr: `(
    ${memoryLimit}
  - ${same} group_left ()
    pidwarden_container_memory_working_set_bytes
  > 0
)
/ ${same} group_left ()
(deriv(pidwarden_container_memory_anon_bytes[1h]) > 0)`,
      comment:
        'Seconds until the memory limit in force, or the memory of the host where there is none, is used up at the pace of the last hour; absent while nothing grows.',
    },
    {
      record: 'instance:pidwarden_host_memory_used_bytes:difference',
      expr: 'pidwarden_host_memory_total_bytes - pidwarden_host_memory_available_bytes',
    },
    {
      record: 'instance:pidwarden_host_cpu_seconds:rate2m',
      expr: 'sum without (mode) (rate(pidwarden_host_cpu_seconds_total{mode!~"idle|iowait|nice"}[2m]))',
      comment:
        'Busy cores. One that waits for a disk is free for others, and so is one with work that gives way to all other (nice).',
    },
    {
      record: 'instance:pidwarden_host_memory_pressure:rate2m',
      expr: 'sum without (resource) (rate(pidwarden_host_pressure_waiting_seconds_total{resource="memory"}[2m]))',
      comment: 'Share of the time in which some task waited for memory.',
    },
    {
      record: 'instance:pidwarden_host_tasks:ratio',
      expr: `pidwarden_host_tasks
/
(
    (pidwarden_host_pid_max < pidwarden_host_threads_max)
  or
    pidwarden_host_threads_max
  or
    pidwarden_host_pid_max
)`,
    },
    {
      record: 'instance:pidwarden_runs_failed:sum',
      expr: runsOf('failed|interrupted'),
      comment: `A counter that appears with 1 never was 0 to Prometheus, and has not increased. So these two begin at 0. While the
journal cannot be read they are absent: a 0 in between would look like a new beginning, and all runs like new ones.`,
    },
    { record: 'instance:pidwarden_runs_unhelpful:sum', expr: runsOf('ineffective|regressed') },
  ],
}

function runsOf(outcomes: string): string {
  return `  sum without (playbook, outcome, reason) (pidwarden_runs_total{outcome=~"${outcomes}"})
or
  0 * sum without (collector) (pidwarden_collector_success{collector="journal"} == 1)`
}
