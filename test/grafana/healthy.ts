/** A host where all is well. */
import { each, growing, same, series, steady, type World, web } from './series.ts'

const resources = ['processes', 'pids', 'duplicates', 'orphans', 'zombies', 'memory', 'cpu', 'startup']
const threshold = (metric: string, labels: string, playbook: string, of: readonly string[]): World =>
  Object.fromEntries(
    of.flatMap((resource) =>
      ['warning', 'critical'].map((tier, index) => [
        series(metric, `${labels}resource="${resource}", tier="${tier}"${playbook}`),
        steady(10 * (index + 1)),
      ]),
    ),
  )

/** What is exported about a container that runs without any limit, on a kernel that keeps only what all kernels keep. */
const container: World = {
  [series(
    'pidwarden_container_info',
    `${web}, id="1", mode="observe", preset="protocol", profile="unknown"`,
  )]: steady(1),
  ...each('pidwarden_container_state', 'state', { created: 0, running: 1, exited: 0 }, `, ${web}`),
  ...each('pidwarden_container_health', 'status', { none: 1, healthy: 0, unhealthy: 0 }, `, ${web}`),
  ...same(
    [
      'pidwarden_container_policy_errors',
      'pidwarden_container_crashed',
      'pidwarden_container_restarts_total',
      'pidwarden_container_orphans',
      'pidwarden_container_zombies',
      'instance_name:pidwarden_container_processes:deriv5m',
    ],
    web,
    steady(0),
  ),
  ...same(
    [
      'pidwarden_container_processes',
      'pidwarden_container_counted_processes',
      'pidwarden_container_threads',
      'pidwarden_container_pids',
      'pidwarden_container_memory_usage_bytes',
      'pidwarden_container_memory_working_set_bytes',
      'pidwarden_container_memory_anon_bytes',
      'pidwarden_container_limits_unheld',
      'instance_name:pidwarden_container_cpu_seconds:rate2m',
    ],
    web,
    steady(3),
  ),
  [series('pidwarden_container_start_time_seconds', web)]: steady(-7200),
  [series('pidwarden_container_process_starts_total', web)]: growing(1),
  ...each('pidwarden_container_cpu_seconds_total', 'mode', { user: 1, system: 1 }, `, ${web}`),
  ...each('pidwarden_container_instances', 'command', { node: 1 }, `, ${web}`),
  ...each('pidwarden_container_duplicates', 'command', { node: 0 }, `, ${web}`),
  ...each('pidwarden_container_command_processes', 'command', { node: 3 }, `, ${web}`),
  ...each('pidwarden_container_command_memory_bytes', 'command', { node: 4096 }, `, ${web}`),
  ...each(
    'pidwarden_container_limit',
    'resource',
    { pids: 100, memory: 4e9, cpu: 2 },
    `, ${web}, source="policy"`,
  ),
  ...each('pidwarden_container_limit_enforced', 'resource', { pids: 0, memory: 0, cpu: 0 }, `, ${web}`),
  ...threshold('pidwarden_container_threshold', `${web}, `, ', playbook="record"', resources),
}

/** What is exported about its host and about pidwarden. */
const host: World = {
  ...same(
    [
      'up',
      'pidwarden_docker_up',
      'pidwarden_config_last_reload_successful',
      'scrape_duration_seconds',
      'scrape_samples_scraped',
      'scrape_series_added',
      'pidwarden_host_cpu_cores',
      'pidwarden_host_tasks',
      'pidwarden_host_pid_max',
      'pidwarden_host_threads_max',
      'pidwarden_host_memory_total_bytes',
      'pidwarden_host_swap_used_bytes',
      'instance:pidwarden_host_memory_used_bytes:difference',
      'instance:pidwarden_host_cpu_seconds:rate2m',
    ],
    '',
    steady(1),
  ),
  ...same(['pidwarden_acting_stopped', 'pidwarden_privileges_missing'], '', steady(0)),
  [series('pidwarden_build_info', 'version="1.0.0", node="24.0.0"')]: steady(1),
  ...each('pidwarden_truncated_notifications_total', 'completed', { yes: 0, no: 0 }),
  ...each('pidwarden_collector_success', 'collector', { docker: 1, census: 1 }),
  ...each('pidwarden_collector_duration_seconds', 'collector', { docker: 0.001, census: 0.01 }),
  ...threshold('pidwarden_host_threshold', '', '', ['memory', 'cpu', 'tasks', 'pressure']),
}

/** What Prometheus and Alertmanager export of themselves before anything has fired. */
const others: World = {
  'prometheus_notifications_sent_total{job="prometheus", instance="a:1"}': steady(0),
  'prometheus_notifications_errors_total{job="prometheus", instance="a:1"}': steady(0),
  'prometheus_notifications_dropped_total{job="prometheus", instance="a:1"}': steady(0),
  ...Object.fromEntries(
    [
      'prometheus_rule_evaluation_failures_total',
      'prometheus_rule_group_iterations_missed_total',
      'prometheus_rule_group_last_duration_seconds',
      'prometheus_rule_group_interval_seconds',
    ].map((name) => [
      `${name}{job="prometheus", instance="a:1", rule_group="/etc/rules/a.yml;tiers"}`,
      steady(0),
    ]),
  ),
  'alertmanager_notifications_total{job="alertmanager", integration="webhook"}': steady(0),
  'alertmanager_notifications_failed_total{job="alertmanager", integration="webhook", reason="other"}':
    steady(0),
  'alertmanager_notification_latency_seconds_sum{job="alertmanager", integration="webhook"}': steady(0),
  'alertmanager_notification_latency_seconds_count{job="alertmanager", integration="webhook"}': steady(0),
}

/** A host that has never leaked, where nothing is limited, expected or young, and nothing has fired yet. */
export const healthy: World = { ...container, ...host, ...others }
