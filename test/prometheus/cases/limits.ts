/** Limits that are missing, not in force, or in the way. */
import type { AlertCase } from '../alert-case.ts'
import { climbing, container, from, info, restarted, type Series } from '../series.ts'
import { aContainer, forPeople } from './people.ts'

const about = { of: aContainer, dashboard: 'container' } as const
const begin = 30

const hits = (course: Parameters<typeof container>[1]): Series[] => [
  info(),
  container('container_pids_limit_hits_total', course),
]

const pidsLimitHit = forPeople({
  ...{ ...about, alert: 'PidwardenPidsLimitHit', severity: 'critical', resource: 'pids', level: '2' },
  ...{ since: begin, waits: 0, forgets: 300 },
  series: hits(from(begin, 3)),
  description:
    'The kernel refused container metamcp on host-a:3001 about 3 new tasks within five minutes. Whatever wanted them has failed.',
  below: hits(3),
  reset: hits(from(begin, 0, 7)),
})

interface Ways {
  readonly policy?: number
  readonly docker?: number
  readonly kernel?: number
}

/** The limits of a container from `begin` on, each three ways. One that runs is there with its tasks. */
const limited = (limits: Readonly<Record<string, Ways>>, mode = 'enforce', runs = true): Series[] => [
  info({ mode }),
  ...(runs ? [container('container_pids', 4)] : []),
  ...Object.entries(limits).flatMap(([resource, ways]) =>
    Object.entries(ways).map(([source, at]) =>
      container('container_limit', from(begin, at, '_'), { resource, source }),
    ),
  ),
]
const held = { policy: 2, docker: 2, kernel: 2 }
const wanted = { pids: { policy: 100 }, memory: { policy: 2 ** 32, kernel: 2 ** 31 } }

const missing = forPeople({
  ...{ ...about, alert: 'PidwardenLimitsMissing', severity: 'warning', resource: 'limits', level: '2' },
  ...{ since: begin, waits: 900 },
  series: limited(wanted),
  description:
    'Container metamcp on host-a:3001 has no limit in the kernel for 1 of the wanted ones; wanted are: memory pids. The playbook enforce-limits sets them.',
  below: limited({ ...wanted, pids: { policy: 100, kernel: 100 } }),
  also: [
    { title: 'in dry-run', series: limited(wanted, 'dry-run'), fires: true },
    { title: 'several of them', series: limited({ ...wanted, cpu: { policy: 2 } }), fires: true },
    { title: 'only observed', series: limited(wanted, 'observe'), fires: false },
    { title: 'it does not run', series: limited(wanted, 'enforce', false), fires: false },
    { title: 'configured only', series: limited({ pids: { docker: 100 } }), fires: false },
  ],
})

const configured = (kernel: number) => limited({ cpu: held, memory: { docker: 1000, kernel } })

const notEnforced = forPeople({
  ...{ ...about, alert: 'PidwardenLimitsNotEnforced', severity: 'critical', resource: 'limits', level: '2' },
  ...{ since: begin, waits: 300 },
  series: configured(1011),
  description:
    'The kernel does not hold 1 of the limits that Docker has for container metamcp on host-a:3001: cpu memory. Whoever relies on them is wrong.',
  // What the kernel rounds.
  below: configured(1010),
  also: [
    { title: 'none in the kernel', series: limited({ memory: { docker: 1000 } }), fires: true },
    {
      title: 'one looser, one missing',
      series: limited({ memory: { docker: 1000, kernel: 2000 }, pids: { docker: 10 } }),
      fires: true,
    },
    { title: 'stricter', series: configured(10), fires: false },
    {
      title: 'more is wanted',
      series: limited({ memory: { policy: 2000, docker: 1000, kernel: 1000 } }),
      fires: false,
    },
    { title: 'nothing is configured', series: limited({ memory: { policy: 10 } }), fires: false },
    { title: 'it does not run', series: limited({ memory: { docker: 10 } }, 'enforce', false), fires: false },
  ],
})

type Counter = (perSecond: number) => ReturnType<typeof climbing>
const throttle = (held: number, runs: number, counter: Counter = climbing): Series[] => [
  info(),
  container('container_cpu_throttled_seconds_total', counter(held)),
  container('container_cpu_seconds_total', counter(runs / 2), { mode: 'user' }),
  container('container_cpu_seconds_total', counter(runs / 2), { mode: 'system' }),
]

const throttled = forPeople({
  ...{ ...about, alert: 'PidwardenCpuThrottled', severity: 'warning', resource: 'cpu', level: '2' },
  // The window of the one rate is five minutes, that of the other two: not full, it is taken for less than it is.
  ...{ since: 150, waits: 900, keeps: 300 },
  series: throttle(0.5, 0.24),
  description:
    'For every second, container metamcp on host-a:3001 is held back by its CPU limit for 500ms, longer than it runs.',
  below: throttle(0.5, 0.51),
  reset: throttle(0.5, 0.51, (perSecond) => restarted(perSecond, 450)),
})

/** Evaluated every five seconds. */
export const limitCases: readonly AlertCase[] = [pidsLimitHit, notEnforced]
/** Those that wait for a quarter of an hour: evaluated every half minute. */
export const slowLimitCases: readonly AlertCase[] = [missing, throttled]
