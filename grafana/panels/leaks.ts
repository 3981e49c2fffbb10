/** Panels about what a container leaks, command by command. */
import { graph, stacked } from '../parts/graph.ts'
import { over, rows, tiers } from '../parts/query.ts'
import { container } from '../parts/selection.ts'
import { rowsOf } from '../parts/table.ts'

const each = (metric: string) => rows(`sum by (command) (pidwarden_container_${metric}{${container}})`)

/** What runs, and how much of it is there more than once. */
export const commands = () =>
  rowsOf(
    {
      title: 'Commands',
      description:
        'Running copies of each command with a launcher chain counted once, copies beyond the allowed ones, all processes of the command, and their resident memory added up. No argument is ever shown. Source: cgroup.procs, /proc/<pid>/stat and cmdline.',
      width: 24,
      height: 9,
    },
    { by: 'Processes', descending: true },
    [
      { from: 'command', title: 'Command' },
      { from: 0, title: 'Instances', unit: 'none', none: '0' },
      { from: 1, title: 'Duplicates', unit: 'none', none: '0' },
      { from: 2, title: 'Processes', unit: 'none', none: '0' },
      { from: 3, title: 'Memory', unit: 'bytes', none: '0' },
    ],
    each('instances'),
    each('duplicates'),
    each('command_processes'),
    each('command_memory_bytes'),
  )

/** Duplicates, command by command, against their tiers. */
export const duplicates = () =>
  graph(
    {
      title: 'Duplicates by command',
      description:
        'Instances beyond the allowed copies of their identity; the tiers apply to their sum. Source: argv, cwd, uid and environment in /proc/<pid>.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_duplicates{${container}} > 0`, '{{command}}').emptyWhenHealthy(
      'nothing runs more often than it may',
    ),
    tiers('duplicates'),
  )
    .decimals(0)
    .stacking(stacked())

/** Running copies, command by command. */
export const instances = () =>
  graph(
    {
      title: 'Instances by command',
      description:
        'Running copies, a launcher chain (npm exec, sh, node) counted once. Source: cgroup.procs and /proc/<pid>/stat and cmdline.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_instances{${container}}`, '{{command}}'),
  )
    .decimals(0)
    .stacking(stacked())

/** Orphans against their tiers. */
export const orphans = () =>
  graph(
    {
      title: 'Orphans and their tiers',
      description:
        'Instances that were reparented away from where their siblings hang. Source: ppid in /proc/<pid>/stat and the process tree.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_orphans{${container}}`, 'orphans'),
    tiers('orphans'),
  ).decimals(0)

/** Zombies against their tiers. */
export const zombies = () =>
  graph(
    {
      title: 'Zombies and their tiers',
      description:
        'Dead processes that nobody waits for; each holds a PID. Source: state in /proc/<pid>/stat and task/<tid>/children.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_zombies{${container}}`, 'zombies'),
    tiers('zombies'),
  ).decimals(0)
