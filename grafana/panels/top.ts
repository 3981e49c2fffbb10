/** Panels that compare the containers of the selected hosts. */
import { fromRow, fromSeries } from '../links.ts'
import { bars } from '../parts/bars.ts'
import { now, rows } from '../parts/query.ts'
import { hosts } from '../parts/selection.ts'
import { rowsOf } from '../parts/table.ts'

const metric = (name: string): string => `pidwarden_container_${name}{${hosts}}`
const recorded = (name: string): string => `instance_name:pidwarden_container_${name}{${hosts}}`
const share = recorded('pids:ratio')
const legend = '{{name}} on {{instance}}'
const each = (expr: string) => `by (instance, name) (${expr})`

/** Every container. */
export const all = () =>
  rowsOf(
    {
      title: 'All containers',
      description:
        'What each container is allowed, and how much of it it uses. Source: labels of the container and configuration; cgroup.procs, pids.current, pids.max, memory.current, memory.stat and cpu.stat of the kernel.',
      width: 24,
      height: 10,
    },
    { by: 'Processes', descending: true },
    [
      { from: 'name', title: 'Container', link: fromRow },
      { from: 'instance', title: 'Host' },
      { from: 'mode', title: 'Mode' },
      { from: 1, title: 'Processes', unit: 'none', none: 'not running' },
      { from: 2, title: 'Duplicates', unit: 'none', none: 'not running' },
      { from: 3, title: 'PID limit used', unit: 'percentunit', none: 'unlimited' },
      { from: 4, title: 'Working set', unit: 'bytes', none: 'not running' },
      { from: 5, title: 'Memory limit used', unit: 'percentunit', none: 'unlimited' },
      { from: 6, title: 'CPU', unit: 'suffix:cores', decimals: 2, none: 'not running' },
    ],
    rows(`max by (instance, name, mode) (${metric('info')})`),
    rows(`max ${each(metric('processes'))}`),
    rows(`sum ${each(metric('duplicates'))}`),
    rows(`max ${each(share)}`).emptyWhenHealthy('no container has a PID limit'),
    rows(`max ${each(metric('memory_working_set_bytes'))}`),
    rows(`max ${each(recorded('memory_working_set_bytes:ratio'))}`).emptyWhenHealthy(
      'no container has a memory limit',
    ),
    rows(`max ${each(recorded('cpu_seconds:rate2m'))}`),
  )

/** Who has the most processes. */
export const processes = () =>
  top(
    'Most processes',
    'Thread-group leaders that are not zombies. Source: cgroup.procs of the container and of the cgroups below it.',
    'none',
    now(`topk(10, ${metric('processes')})`, legend),
  )

/** Who is nearest to its PID limit. */
export const headroom = () =>
  top(
    'Nearest to the PID limit',
    'Tasks in proportion to the limit in force. Source: recording rule over pids.current and pids.max.',
    'percentunit',
    now(`topk(10, ${share})`, legend).emptyWhenHealthy('no container has a PID limit'),
  )
    .max(1)
    .noValue('unlimited')

/** Who holds the most memory. */
export const memory = () =>
  top(
    'Largest working set',
    'Memory that cannot be reclaimed at once. Source: memory.current less inactive_file of memory.stat.',
    'bytes',
    now(`topk(10, ${metric('memory_working_set_bytes')})`, legend),
  )

/** Who leaks most. */
export const duplicates = () =>
  top(
    'Most duplicates',
    'Instances beyond the allowed copies of their identity, over all commands. Source: argv, cwd, uid and environment in /proc/<pid>.',
    'none',
    now(`topk(10, sum ${each(metric('duplicates'))} > 0)`, legend).emptyWhenHealthy(
      'nothing runs more often than it may',
    ),
  ).noValue('none')

const top = (title: string, description: string, unit: string, query: ReturnType<typeof now>) =>
  bars({ title, description, unit, width: 12, height: 9 }, query).dataLinks([fromSeries])
