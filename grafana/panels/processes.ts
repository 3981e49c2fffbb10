/** Panels about the number of processes of a container. */
import { graph, swings } from '../parts/graph.ts'
import { over, tiers } from '../parts/query.ts'
import { container } from '../parts/selection.ts'

/** Processes against their tiers. */
export const processes = () =>
  graph(
    {
      title: 'Processes and their tiers',
      description:
        'Thread-group leaders that are not zombies, all of them and those that the policy counts, against the thresholds in force. Source: cgroup.procs of the container and of the cgroups below it.',
      unit: 'none',
      width: 12,
      height: 9,
    },
    over(`pidwarden_container_counted_processes{${container}}`, 'counted'),
    over(`pidwarden_container_processes{${container}}`, 'all'),
    tiers('processes'),
  ).decimals(0)

/** Tasks against the PID limit and its tiers. */
export const pids = () =>
  graph(
    {
      title: 'Tasks, the PID limit and its tiers',
      description:
        'The limit counts tasks: every thread, and zombies too. No line for the limit means that there is none. The peak is since the start, from kernel 6.1 on. Source: pids.current, pids.max and pids.peak.',
      unit: 'none',
      width: 12,
      height: 9,
    },
    over(`pidwarden_container_pids{${container}}`, 'tasks'),
    over(`pidwarden_container_pids_peak{${container}}`, 'peak').emptyWhenHealthy(
      'a kernel before 6.1 keeps no peak',
    ),
    over(`pidwarden_container_pids_limit{${container}}`, 'limit').emptyWhenHealthy(
      'no PID limit is in force',
    ),
    tiers('pids'),
  ).decimals(0)

/** What kinds of processes there are. */
export const kinds = () =>
  graph(
    {
      title: 'Processes, threads, zombies and orphans',
      description:
        'Threads of all processes, dead processes that nobody waits for, and instances reparented away from where their siblings hang. Source: cgroup.procs, /proc/<pid>/stat and task/<tid>/children.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_processes{${container}}`, 'processes'),
    over(`pidwarden_container_threads{${container}}`, 'threads'),
    over(`pidwarden_container_zombies{${container}}`, 'zombies'),
    over(`pidwarden_container_orphans{${container}}`, 'orphans'),
  ).decimals(0)

/** The first minutes, which have tiers of their own. */
export const startup = () =>
  graph(
    {
      title: 'First five minutes after a start',
      description:
        'Counted processes while the container is young, against the tiers of this time. Source: cgroup.procs and State.StartedAt of Docker inspect.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_startup_processes{${container}}`, 'counted').emptyWhenHealthy(
      'the container is older than five minutes',
    ),
    tiers('startup'),
  ).decimals(0)

/** How fast new processes appear. */
export const starts = () =>
  graph(
    {
      title: 'Process starts',
      description:
        'New processes per second, as the scrapes see them; one that lived between two scrapes was not seen. Source: cgroup.procs and the start times in /proc/<pid>/stat.',
      unit: 'cps',
      width: 12,
    },
    over(`rate(pidwarden_container_process_starts_total{${container}}[$__rate_interval])`, 'starts'),
  )

/** Where the number of processes is going. */
export const trend = () =>
  swings(
    {
      title: 'Trend of processes',
      description:
        'How many counted processes come each minute, over five minutes: above 0 the container grows, below 0 it declines. Source: recording rule over cgroup.procs.',
      unit: 'suffix:per minute',
      width: 12,
    },
    over(`60 * instance_name:pidwarden_container_processes:deriv5m{${container}}`, 'trend'),
  )
