/** Panels about the number of processes of a container. */
import { container, graph, over, tiers } from '../parts.ts'

/** Processes against their tiers. */
export const processes = () =>
  graph(
    {
      title: 'Processes and their tiers',
      description:
        'Thread-group leaders that are not zombies, all of them and those that the policy counts, against the thresholds in force. Source: cgroup.procs of the container and of the cgroups below it.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_counted_processes{${container}}`, 'counted'),
    over(`pidwarden_container_processes{${container}}`, 'all'),
    tiers('processes'),
  )

/** Tasks against the PID limit and its tiers. */
export const pids = () =>
  graph(
    {
      title: 'Tasks and the PID limit',
      description:
        'The limit counts tasks: every thread, and zombies too. No line for the limit means that there is none. Source: pids.current and pids.max.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_pids{${container}}`, 'tasks'),
    over(`pidwarden_container_pids_limit{${container}}`, 'limit'),
    tiers('pids'),
  )

/** How fast new processes appear. */
export const starts = () =>
  graph(
    {
      title: 'Process starts',
      description: 'New processes per second. Source: cgroup.procs and the start times in /proc/<pid>/stat.',
      unit: 'cps',
      width: 12,
    },
    over(`rate(pidwarden_container_process_starts_total{${container}}[$__rate_interval])`, 'starts'),
  )
