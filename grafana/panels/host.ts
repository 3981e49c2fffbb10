/** Panels about a host: whether it is itself in danger. */
import { graph, logarithmic } from '../parts/graph.ts'
import { hostTiers, over } from '../parts/query.ts'
import { hosts } from '../parts/selection.ts'

const waiting = 'the kernel has no /proc/pressure'

/** Memory in use against what there is. */
export const memory = () =>
  graph(
    {
      title: 'Memory of the host',
      description:
        'Memory that could not be given out without swapping, and swap in use. Source: MemTotal, MemAvailable and the swap of /proc/meminfo, through a recording rule; the tiers from the configuration.',
      unit: 'bytes',
      width: 12,
    },
    over(`instance:pidwarden_host_memory_used_bytes:difference{${hosts}}`, 'in use'),
    over(`pidwarden_host_swap_used_bytes{${hosts}}`, 'swap in use'),
    over(`pidwarden_host_memory_total_bytes{${hosts}}`, 'limit'),
    hostTiers('memory'),
  )

/** Busy cores against what there is. */
export const cpu = () =>
  graph(
    {
      title: 'CPU of the host',
      description:
        'Busy cores over two minutes. Source: /proc/stat, through a recording rule; the tiers from the configuration.',
      unit: 'suffix:cores',
      width: 12,
    },
    over(`instance:pidwarden_host_cpu_seconds:rate2m{${hosts}}`, 'busy'),
    over(`pidwarden_host_cpu_cores{${hosts}}`, 'limit'),
    hostTiers('cpu'),
  )

/** Tasks against what the kernel can have. */
export const tasks = () =>
  graph(
    {
      title: 'Tasks of the host',
      description:
        'Every thread and every zombie is a task. With as many as pid_max or threads-max nothing can be started any more. The axis is logarithmic. Source: /proc/loadavg, kernel.pid_max and kernel.threads-max; the tiers from the configuration.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_host_tasks{${hosts}}`, 'tasks'),
    over(`pidwarden_host_pid_max{${hosts}}`, 'pid_max'),
    over(`pidwarden_host_threads_max{${hosts}}`, 'threads-max'),
    hostTiers('tasks'),
  )
    .min(1)
    .decimals(0)
    .scaleDistribution(logarithmic())

/** How long tasks wait. */
export const pressure = () =>
  graph(
    {
      title: 'Pressure on the host',
      description:
        'Share of the time in which some task waited. The tiers are those of memory, over two minutes. Source: some total of /proc/pressure, for memory through a recording rule; the tiers from the configuration.',
      unit: 'percentunit',
      width: 12,
    },
    over(`instance:pidwarden_host_memory_pressure:rate2m{${hosts}}`, 'memory').emptyWhenHealthy(waiting),
    over(
      `rate(pidwarden_host_pressure_waiting_seconds_total{${hosts}, resource!="memory"}[$__rate_interval])`,
      '{{resource}}',
    ).emptyWhenHealthy(waiting),
    hostTiers('pressure'),
  )
