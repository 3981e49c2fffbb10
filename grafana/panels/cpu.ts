/** Panels about the CPU time of a container. */
import { graph } from '../parts/graph.ts'
import { over, tiers } from '../parts/query.ts'
import { container } from '../parts/selection.ts'

/** Busy cores against the limit and the tiers. */
export const cpu = () =>
  graph(
    {
      title: 'CPU, its limit and its tiers',
      description:
        'Busy cores: over two minutes, as the tiers see them, and user and system time at once. Source: cpu.stat and cpu.max (on cgroup v1 cpuacct.stat and cpu.cfs_quota_us), through a recording rule for the two minutes.',
      unit: 'suffix:cores',
      width: 12,
      height: 9,
    },
    over(`instance_name:pidwarden_container_cpu_seconds:rate2m{${container}}`, 'two minutes'),
    over(`rate(pidwarden_container_cpu_seconds_total{${container}}[$__rate_interval])`, '{{mode}}'),
    over(`pidwarden_container_cpu_limit_cores{${container}}`, 'limit').emptyWhenHealthy(
      'no CPU limit is in force',
    ),
    tiers('cpu'),
  )

/** Time held back by the limit. */
export const throttling = () =>
  graph(
    {
      title: 'Throttling',
      description:
        'Seconds in each second for which the limit held the container back, all cores together. Source: throttled_usec of cpu.stat (on cgroup v1 throttled_time), through a recording rule for the five minutes.',
      unit: 'suffix:s/s',
      width: 12,
      height: 9,
    },
    over(
      `instance_name:pidwarden_container_cpu_throttled_seconds:rate5m{${container}}`,
      'five minutes',
    ).emptyWhenHealthy('the kernel does not limit CPU here'),
    over(
      `rate(pidwarden_container_cpu_throttled_seconds_total{${container}}[$__rate_interval])`,
      'now',
    ).emptyWhenHealthy('the kernel does not limit CPU here'),
  ).noValue('not limited here')
