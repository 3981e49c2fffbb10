/** Panels about where a container is going: how long until it hits a limit, and how often it has. */
import { alarm, figure } from '../parts/figure.ts'
import { now } from '../parts/query.ts'
import { container } from '../parts/selection.ts'

const width = 6
const height = 4

/** When the PID limit is hit. */
export const untilPids = () =>
  until('PID limit', 'pids.current and pids.max', 'instance_name:pidwarden_container_pids_limit')

/** When the memory limit is hit. */
export const untilMemory = () =>
  until('memory limit', 'memory.stat and memory.max', 'instance_name:pidwarden_container_memory_limit')

/** How often the PID limit refused a fork. */
export const refused = () =>
  alarm(
    {
      title: 'Forks refused',
      description:
        'How often the PID limit of the container refused a fork, within the range. Source: max of pids.events.local (on cgroup v1 pids.events).',
      width,
      height,
    },
    'red',
    now(
      `ceil(increase(pidwarden_container_pids_limit_hits_total{${container}}[$__range]))`,
      'refused',
    ).emptyWhenHealthy('the kernel does not count them here'),
  ).noValue('not counted')

function until(what: string, files: string, record: string) {
  return figure(
    {
      title: `Until the ${what}`,
      description: `How long it takes at the present pace until the ${what} is hit: the one in force, else the one that the policy wants. Source: recording rule over ${files}.`,
      unit: 's',
      width,
      height,
    },
    now(`${record}:predicted_seconds{${container}}`, 'left').emptyWhenHealthy('it does not grow'),
  )
    .decimals(1)
    .noValue('not growing')
}
