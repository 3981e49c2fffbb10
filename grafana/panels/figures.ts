/** The figures at the head of the container dashboard: how it stands now. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import { container, figure, now, over } from '../parts.ts'

/** The policy in force, as words. */
export const policy = () =>
  figure(
    {
      title: 'Policy',
      description: 'Mode, preset and profile in force, from configuration and container labels.',
      unit: 'none',
      width: 8,
      height: 4,
    },
    now(`pidwarden_container_info{${container}}`, '{{mode}} · {{preset}} · {{profile}}'),
  )
    .textMode(common.BigValueTextMode.Name)
    .graphMode(common.BigValueGraphMode.None)

/** How many processes count towards the tiers. */
export const counted = () =>
  figure(
    {
      title: 'Processes',
      description:
        'Processes that count towards the tiers. Source: cgroup.procs of the container and of the cgroups below it.',
      unit: 'none',
      width: 4,
      height: 4,
    },
    over(`pidwarden_container_counted_processes{${container}}`, 'counted'),
  )

/** How much of the PID limit is used. */
export const headroom = () =>
  figure(
    {
      title: 'PID limit used',
      description: 'Tasks in proportion to the limit. Source: pids.current and pids.max.',
      unit: 'percentunit',
      width: 4,
      height: 4,
    },
    over(`pidwarden_container_pids{${container}} / pidwarden_container_pids_limit{${container}}`, 'used'),
  ).noValue('unlimited')

/** How many duplicates there are. */
export const excess = () =>
  figure(
    {
      title: 'Duplicates',
      description:
        'Instances beyond the allowed copies, over all commands. Source: cgroup.procs and /proc/<pid>.',
      unit: 'none',
      width: 4,
      height: 4,
    },
    over(`sum(pidwarden_container_duplicates{${container}})`, 'duplicates'),
  )

/** How much memory is in use that cannot be reclaimed at once. */
export const workingSet = () =>
  figure(
    {
      title: 'Working set',
      description:
        'Memory that cannot be reclaimed at once. Source: memory.current less inactive_file of memory.stat.',
      unit: 'bytes',
      width: 4,
      height: 4,
    },
    over(`pidwarden_container_memory_working_set_bytes{${container}}`, 'working set'),
  )
