/** The figures at the head of the container dashboard: how it stands now. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import { coded, decoded, healths, incidentTiers, states } from '../parts/codes.ts'
import { bad } from '../parts/colors.ts'
import { figure, word } from '../parts/figure.ts'
import { now } from '../parts/query.ts'
import { container } from '../parts/selection.ts'

const height = 4

/** The policy in force, as words. */
export const policy = () =>
  figure(
    {
      title: 'Policy',
      description: 'Mode, preset and profile in force. Source: configuration and labels of the container.',
      unit: 'none',
      width: 8,
      height,
    },
    now(`pidwarden_container_info{${container}}`, '{{mode}} · {{preset}} · {{profile}}'),
  ).textMode(common.BigValueTextMode.Name)

/** Whether it runs. */
export const state = () =>
  word(
    {
      title: 'State',
      description: 'What Docker says of it. Source: State.Status of Docker inspect.',
      width: 4,
      height,
    },
    decoded(states),
    now(coded('pidwarden_container_state', container, states), '{{name}}'),
  )

/** Whether its health check passes. */
export const health = () =>
  word(
    {
      title: 'Health',
      description:
        'What the health check of the container says; none = it has no health check. Source: State.Health of Docker inspect.',
      width: 4,
      height,
    },
    decoded(healths),
    now(coded('pidwarden_container_health', container, healths), '{{name}}'),
  )

/** The tier of its incident, if it has one. */
export const incident = () =>
  word(
    {
      title: 'Open incident',
      description:
        'The highest tier that an alert told of, until the container has recovered. Source: the journal of pidwarden.',
      width: 4,
      height,
    },
    decoded(incidentTiers),
    now(coded('pidwarden_incident_active', container, incidentTiers), '{{name}}').emptyWhenHealthy(
      'no incident is open',
    ),
  ).noValue('none')

/** Whether a person must act. */
export const person = () =>
  word(
    {
      title: 'Needs a person',
      description:
        'Whether pidwarden has given up on the container, and leaves it alone until somebody releases it. Source: the journal of pidwarden.',
      width: 4,
      height,
    },
    bad('yes', 'no'),
    now(`pidwarden_manual_intervention_required{${container}}`, '{{name}}').emptyWhenHealthy(
      'no incident is open',
    ),
  ).noValue('no')

/** How many processes count towards the tiers. */
export const counted = () =>
  figure(
    {
      title: 'Processes',
      description:
        'Processes that count towards the tiers. Source: cgroup.procs of the container and of the cgroups below it.',
      unit: 'none',
      width: 4,
      height,
    },
    now(`pidwarden_container_counted_processes{${container}}`, 'counted'),
  ).noValue('not running')

/** How much of the PID limit is used. */
export const headroom = () =>
  figure(
    {
      title: 'PID limit used',
      description: 'Tasks in proportion to the limit. Source: recording rule over pids.current and pids.max.',
      unit: 'percentunit',
      width: 4,
      height,
    },
    now(`instance_name:pidwarden_container_pids:ratio{${container}}`, 'used').emptyWhenHealthy(
      'no PID limit is in force',
    ),
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
      height,
    },
    now(`sum(pidwarden_container_duplicates{${container}})`, 'duplicates'),
  ).noValue('not running')

/** How much memory is in use that cannot be reclaimed at once. */
export const workingSet = () =>
  figure(
    {
      title: 'Working set',
      description:
        'Memory that cannot be reclaimed at once. Source: memory.current less inactive_file of memory.stat.',
      unit: 'bytes',
      width: 4,
      height,
    },
    now(`pidwarden_container_memory_working_set_bytes{${container}}`, 'working set'),
  ).noValue('not running')

/** How much of its memory limit is used. */
export const memoryUsed = () =>
  figure(
    {
      title: 'Memory limit used',
      description:
        'Working set in proportion to the limit. Source: recording rule over memory.current, memory.stat and memory.max.',
      unit: 'percentunit',
      width: 4,
      height,
    },
    now(
      `instance_name:pidwarden_container_memory_working_set_bytes:ratio{${container}}`,
      'used',
    ).emptyWhenHealthy('no memory limit is in force'),
  ).noValue('unlimited')

/** How many cores it keeps busy. */
export const cores = () =>
  figure(
    {
      title: 'CPU',
      description: 'Busy cores over two minutes. Source: recording rule over cpu.stat.',
      unit: 'suffix:cores',
      width: 4,
      height,
    },
    now(`instance_name:pidwarden_container_cpu_seconds:rate2m{${container}}`, 'busy'),
  )
    .decimals(2)
    .noValue('not running')
