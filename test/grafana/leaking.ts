/** A host where much is wrong. */
import { healthy } from './healthy.ts'
import { each, growing, same, series, steady, type World, web } from './series.ts'

const firing = (labels: string, since: number): World => ({
  [series('ALERTS', `alertstate="firing", ${labels}`)]: '_x200 1x40',
  [series('ALERTS_FOR_STATE', labels)]: `_x200 ${since}x40`,
})

const tier = (name: string, resource: string, tier: string, playbook: string, since: number): World =>
  firing(
    `alertname="Pidwarden", ${name}, resource="${resource}", tier="${tier}", playbook="${playbook}", severity="critical", id="1"`,
    since,
  )

/** The same host while it leaks, is limited, has been healed before, and whatever else can be has happened. */
export const leaking: World = {
  ...healthy,
  [series(
    'pidwarden_container_info',
    'name="db", id="2", mode="enforce", preset="protocol", profile="generic"',
  )]: steady(1),
  [series(
    'pidwarden_container_info',
    'name="idle", id="3", mode="observe", preset="protocol", profile="unknown"',
  )]: steady(1),
  ...same(
    [
      'pidwarden_container_pids_limit',
      'pidwarden_container_pids_peak',
      'instance_name:pidwarden_container_pids:ratio',
      'pidwarden_container_memory_swap_bytes',
      'pidwarden_container_memory_peak_bytes',
      'pidwarden_container_memory_limit_bytes',
      'pidwarden_container_cpu_limit_cores',
      'pidwarden_container_startup_processes',
      'pidwarden_container_exit_code',
      'pidwarden_container_absent',
      'pidwarden_container_crashed',
      'pidwarden_remediation_in_progress',
      'pidwarden_manual_intervention_required',
      'instance_name:pidwarden_container_memory_working_set_bytes:ratio',
      'instance_name:pidwarden_container_cpu_throttled_seconds:rate5m',
      'instance_name:pidwarden_container_pids_limit:predicted_seconds',
      'instance_name:pidwarden_container_memory_limit:predicted_seconds',
    ],
    web,
    steady(1),
  ),
  ...same(
    [
      'pidwarden_container_oom_kills_total',
      'pidwarden_container_pids_limit_hits_total',
      'pidwarden_container_cpu_throttled_seconds_total',
    ],
    web,
    growing(1),
  ),
  ...each('pidwarden_container_health', 'status', { none: 0, unhealthy: 1 }, `, ${web}`),
  ...each('pidwarden_container_duplicates', 'command', { node: 7 }, `, ${web}`),
  ...each('pidwarden_container_limit', 'resource', { pids: 50 }, `, ${web}, source="kernel"`),
  [series('pidwarden_container_start_time_seconds', web)]: '-7200x237 3590x3',
  [series('pidwarden_incident_active', `${web}, tier="critical"`)]: '_x101 1x139',
  ...tier(web, 'processes', 'warning', 'record', 3060),
  ...tier(web, 'processes', 'critical', 'cleanup', 3120),
  ...tier(web, 'processes', 'emergency', 'contain', 3180),
  ...tier(web, 'duplicates', 'critical', 'cleanup', 3240),
  ...tier('name="db"', 'memory', 'warning', 'record', 3300),
  ...firing(`alertname="PidwardenOomKilled", ${web}, severity="warning", level="2"`, 3000),
  ...firing(
    'alertname="PidwardenDockerUnreachable", severity="critical", level="3", resource="monitoring"',
    3000,
  ),
  ...firing('alertname="PidwardenWatchdog", severity="info", tier="normal"', 3000),
  // One that was counted before the range, one that begins within it, and one that began anew.
  [series('pidwarden_runs_total', 'playbook="cleanup", outcome="fixed", reason="cleared"')]: '3x100 5x140',
  [series('pidwarden_runs_total', 'playbook="restart", outcome="failed", reason="deadline"')]: '_x238 1x2',
  [series('pidwarden_alerts_received_total', 'verdict="queued", reason=""')]: '9x100 4x140',
  [series('pidwarden_alerts_received_total', 'verdict="skipped", reason="watchdog"')]: growing(1),
  [series('pidwarden_actions_total', 'action="kill-duplicates", outcome="fixed"')]: '_x200 2x40',
  [series('pidwarden_signals_total', 'signal="SIGTERM"')]: '_x200 12x40',
  ...Object.fromEntries(
    [
      ['5', 1],
      ['10', 3],
      ['+Inf', 4],
    ].map(([le, count]) => [
      series('pidwarden_run_duration_seconds_bucket', `playbook="cleanup", le="${le}"`),
      `_x240 ${count}`,
    ]),
  ),
  [series('pidwarden_run_duration_seconds_sum', 'playbook="cleanup"')]: '_x240 30',
  [series('pidwarden_run_duration_seconds_count', 'playbook="cleanup"')]: '_x240 4',
  [series('pidwarden_alertmanager_up')]: steady(1),
  [series('pidwarden_watchdog_last_seen_timestamp_seconds')]: steady(3570),
  [series('instance:pidwarden_host_memory_pressure:rate2m')]: steady(0.5),
  [series('pidwarden_host_pressure_waiting_seconds_total', 'resource="cpu"')]: growing(1),
  'alertmanager_notification_latency_seconds_sum{job="alertmanager", integration="webhook"}': growing(0.5),
  'alertmanager_notification_latency_seconds_count{job="alertmanager", integration="webhook"}': growing(1),
}
