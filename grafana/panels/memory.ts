/** Panels about the memory of a container. */
import { alarm } from '../parts/figure.ts'
import { graph } from '../parts/graph.ts'
import { now, over, tiers } from '../parts/query.ts'
import { container } from '../parts/selection.ts'

const of = (metric: string) => `pidwarden_container_memory_${metric}_bytes{${container}}`

/** Memory against its limit and its tiers. */
export const memory = () =>
  graph(
    {
      title: 'Memory, its limit and its tiers',
      description:
        'Usage includes page cache that the kernel gives back under pressure; the working set, which the tiers are held against, does not. Anonymous memory has no file behind it: it is what leaks. Source: memory.current, memory.stat, memory.swap.current, memory.peak and memory.max (on cgroup v1 memory.usage_in_bytes and its like).',
      unit: 'bytes',
      width: 24,
      height: 11,
    },
    over(of('working_set'), 'working set'),
    over(of('anon'), 'anonymous'),
    over(of('usage'), 'usage'),
    over(of('swap'), 'swap').emptyWhenHealthy('the kernel does not account swap'),
    over(of('peak'), 'peak').emptyWhenHealthy('the kernel keeps no peak'),
    over(of('limit'), 'limit').emptyWhenHealthy('no memory limit is in force'),
    tiers('memory'),
  )

/** Who was ended for want of memory. */
export const oomKills = () =>
  alarm(
    {
      title: 'OOM kills',
      description:
        'Processes that the kernel ended for want of memory, within the range. Source: oom_kill of memory.events.',
      width: 6,
      height: 4,
    },
    'red',
    now(
      `ceil(increase(pidwarden_container_oom_kills_total{${container}}[$__range]))`,
      'killed',
    ).emptyWhenHealthy('a kernel before 4.13 does not count them'),
  ).noValue('not counted')
