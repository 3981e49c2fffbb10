/** Panels about what a container leaks. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import { container, graph, over, tiers } from '../parts.ts'

const stacked = () => new common.StackingConfigBuilder().mode(common.StackingMode.Normal)

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
    over(`pidwarden_container_duplicates{${container}} > 0`, '{{command}}'),
    tiers('duplicates'),
  ).stacking(stacked())

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
  ).stacking(stacked())

/** Orphans and zombies. */
export const orphans = () =>
  graph(
    {
      title: 'Orphans and zombies',
      description:
        'Instances reparented away from where their siblings hang, and dead processes that nobody reaped. Source: /proc/<pid>/stat; zombies are pids.current less all threads.',
      unit: 'none',
      width: 12,
    },
    over(`pidwarden_container_orphans{${container}}`, 'orphans'),
    over(`pidwarden_container_zombies{${container}}`, 'zombies'),
  )
