/** The tiers of containers: one group for each resource, one alert for each tier, and no number anywhere. */
import { type Resource, resources, type Tier, tiers } from '../../src/census/presets.ts'
import { type AlertingRule, capital, dashboards, type Group, runbook, same, withId } from './rule.ts'

/** What is compared with the thresholds of a resource, and how people are told of it. */
interface Measured {
  /** The measurement: one series for each container, without labels of its own. */
  readonly expr: string
  /** What it is called in a sentence: "Processes counted in container x: 17". */
  readonly words: string
  /** Template functions that make its numbers readable. */
  readonly format?: string
  /** How long it must hold; none where nothing is said. */
  readonly for?: Partial<Record<Tier, string>>
  /** At the head of the file. */
  readonly comment: string
}

/** What wants no waiting: the number is exact, and every second is another process. */
const atOnce = '0s'

/** So long the lowest tier goes on, so that a number that goes up and down around it is one alert, and one evidence. */
const keptWarning = '30s'

/** A gateway that replaces a session holds two instances for a moment, and a process that is being ended an orphan. */
const replacing = { warning: '2m' } as const

const measured: Readonly<Record<Resource, Measured>> = {
  processes: {
    expr: 'pidwarden_container_counted_processes',
    words: 'Processes counted in container',
    comment: `Tiers of the number of processes in a container. Which processes count is the container's policy (all, unless
it says otherwise), and so are the thresholds: no number of a container belongs in this file.`,
  },
  pids: {
    expr: 'pidwarden_container_pids',
    words: 'Tasks in container',
    comment: `Tiers of the tasks of a container against its PID limit: threads and zombies count. The thresholds are percentages
of the limit in force, already resolved; the last tier is the limit itself.`,
  },
  duplicates: {
    expr: 'sum without (command) (pidwarden_container_duplicates)',
    words: 'Duplicates in container',
    for: replacing,
    comment: `Tiers of duplicates: instances beyond the allowed copies of their identity, over all commands of a container.
The lowest tier waits: a gateway that replaces a session holds two instances for a moment, and that is no leak.`,
  },
  orphans: {
    expr: 'pidwarden_container_orphans',
    words: 'Orphans in container',
    for: replacing,
    comment: `Tiers of orphans: instances that were reparented away from where their siblings hang. The lowest tier waits: what
is being ended may be one for a moment.`,
  },
  zombies: {
    expr: 'pidwarden_container_zombies',
    words: 'Zombies in container',
    for: { warning: '2m', critical: '30s' },
    comment: `Tiers of zombies: processes that have ended and that nobody waits for. Each holds a pid. Those that are waited for
at the next chance are none of ours, so the lower tiers wait.`,
  },
  memory: {
    expr: 'pidwarden_container_memory_working_set_bytes',
    words: 'Working set of container',
    format: 'humanize1024',
    for: { warning: '1m' },
    comment: `Tiers of memory: the working set, which is usage less inactive files, the number of docker stats. Percentages of
the limit are resolved in the thresholds.`,
  },
  cpu: {
    expr: 'instance_name:pidwarden_container_cpu_seconds:rate2m',
    words: 'Cores kept busy by container',
    format: 'printf "%.2f"',
    for: { warning: '5m', critical: '2m', emergency: '2m', nuclear: '2m' },
    comment: `Tiers of CPU: cores that were busy over the last two minutes. Work comes in bursts, so every tier waits.`,
  },
  startup: {
    expr: 'pidwarden_container_startup_processes',
    words: 'Processes in container',
    comment: `Explosions right after a start: processes in the first five minutes of a container, after which there is no
series, and no alert.`,
  },
  limits: {
    expr: 'pidwarden_container_limits_unheld',
    words: 'Wanted limits that the kernel does not hold for container',
    for: { warning: '1m', critical: '1m', emergency: '1m', nuclear: '1m' },
    comment: `Wanted limits that the kernel does not hold, as a reason to act: only where a threshold asks for it. A container
that has just been started gets its limits a moment later.`,
  },
  health: {
    expr: `max without (status) (
    pidwarden_container_health{status="unhealthy"}
  and ${same}
    (pidwarden_container_state{state="running"} == 1)
  or
    pidwarden_container_crashed
)`,
    words: 'Unhealthy (1) or not (0), container',
    comment: `Containers that are unhealthy or have crashed, as a reason to act: only where a threshold asks for it.`,
  },
}

const howItIsBuilt = `Only \`id\` is joined from the info metric, because a label that can change (image, mode) would end one alert and
start another. \`playbook\` comes with the threshold that was reached. Both joins name their labels in full: without
them on the comparison the id is dropped, and without an id nothing can act.`

/** All groups of tiers. */
export const tierGroups: readonly Group[] = resources.map((resource) => ({
  name: `pidwarden-tiers-${resource}`,
  comment: `${measured[resource].comment}\n\n${howItIsBuilt}`,
  rules: tiers.map((tier) => tierAlert(resource, tier)),
}))

function tierAlert(resource: Resource, tier: Tier): AlertingRule {
  const { expr, words, format, for: waits } = measured[resource]
  const alert = `Pidwarden${capital(resource)}${capital(tier)}`
  const threshold = `{{ with printf \`pidwarden_container_threshold{job=%q,instance=%q,name=%q,resource="${resource}",tier="${tier}"}\` $labels.job $labels.instance $labels.name | query }}{{ . | first | value${format ? ` | ${format}` : ''} }}{{ end }}`
  const value = `{{ $value${format ? ` | ${format}` : ''} }}`
  return {
    alert,
    expr: `  ${withId(expr).replaceAll('\n', '\n  ')}
>= ${same} group_left (playbook)
  pidwarden_container_threshold{resource="${resource}", tier="${tier}"}`,
    for: waits?.[tier] ?? atOnce,
    ...(tier === 'warning' ? { keep_firing_for: keptWarning } : {}),
    labels: { severity: tier === 'warning' ? 'warning' : 'critical', tier, resource },
    annotations: {
      summary: `A container has reached its ${tier} tier for ${resource}.`,
      description: `${words} {{ $labels.name }} on {{ $labels.instance }}: ${value}. Its ${tier} tier begins at ${threshold}.`,
      value: '{{ $value }}',
      threshold,
      runbook_url: runbook(alert),
      dashboard_url: dashboards.container,
    },
  }
}
