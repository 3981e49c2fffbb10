/** Whether the host itself is in danger. */
import type { AlertCase } from '../alert-case.ts'
import { climbing, from, host, restarted, type Series } from '../series.ts'
import { aHost, forPeople } from './people.ts'

const begin = 30
const gibibyte = 1024 ** 3
type Tier = 'warning' | 'critical'

interface Row {
  readonly at: Readonly<Record<Tier, number>>
  readonly waits: Readonly<Record<Tier, number>>
  /** Of the critical tier, unless it is for everybody. */
  readonly level?: string
  readonly less: number
  readonly since: number
  readonly measured: (at: number) => readonly Series[]
  readonly says: (at: number) => string
  /** A rate: a sum of fractions, and a little less when a scrape is missed. */
  readonly rate?: true
  readonly reset?: (below: number) => readonly Series[]
}

type Counter = (perSecond: number) => ReturnType<typeof climbing>

const cpu = (cores: number, counter: Counter = climbing): readonly Series[] => [
  host('host_cpu_seconds_total', counter(cores / 2), { mode: 'user' }),
  host('host_cpu_seconds_total', counter(cores / 4), { mode: 'system' }),
  host('host_cpu_seconds_total', counter(cores / 4), { mode: 'irq' }),
  ...['idle', 'iowait', 'nice'].map((mode) => host('host_cpu_seconds_total', counter(8), { mode })),
]

const waiting = (share: number, counter: Counter = climbing): readonly Series[] => [
  host('host_pressure_waiting_seconds_total', counter(share), { resource: 'memory' }),
  host('host_pressure_waiting_seconds_total', counter(0.9), { resource: 'cpu' }),
]

/** Restarted after the first minute. A window of two minutes is full by then. */
const rebooted: Counter = (perSecond) => restarted(perSecond, 60)

const rows: Readonly<Record<string, Row>> = {
  memory: {
    at: { warning: 12 * gibibyte, critical: 15 * gibibyte },
    waits: { warning: 120, critical: 30 },
    ...{ less: 1, since: begin },
    measured: (at) => [
      host('host_memory_total_bytes', 16 * gibibyte),
      host('host_memory_available_bytes', from(begin, 16 * gibibyte - at, 8 * gibibyte)),
    ],
    says: (at) => `${at / gibibyte}Gi bytes of memory in use`,
  },
  tasks: {
    at: { warning: 22938, critical: 29492 },
    waits: { warning: 60, critical: 0 },
    ...{ less: 1, since: begin },
    measured: (at) => [
      host('host_tasks', from(begin, at, 400)),
      host('host_pid_max', 32768),
      host('host_threads_max', 60000),
    ],
    says: (at) => `${at} tasks; at kernel.pid_max or kernel.threads-max nothing can be started any more`,
  },
  cpu: {
    at: { warning: 7.5, critical: 7.75 },
    waits: { warning: 900, critical: 900 },
    // A busy CPU alone harms nobody else.
    level: '3',
    ...{ less: 1 / 64, since: 120, rate: true },
    measured: (at) => cpu(at),
    says: (at) => `${at.toFixed(1)} busy cores`,
    reset: (below) => cpu(below, rebooted),
  },
  pressure: {
    at: { warning: 0.125, critical: 0.5 },
    waits: { warning: 300, critical: 60 },
    ...{ less: 1 / 128, since: 120, rate: true },
    measured: (at) => waiting(at),
    says: (at) => `${at * 100}% of the time spent waiting for memory`,
    reset: (below) => waiting(below, rebooted),
  },
}

const casesOf = (...resources: string[]): AlertCase[] =>
  Object.entries(rows).flatMap(([resource, row]) =>
    resources.includes(resource)
      ? (['warning', 'critical'] as const).map((tier) => caseOf(resource, row, tier))
      : [],
  )

/** Evaluated every five seconds. */
export const hostCases: readonly AlertCase[] = casesOf('memory', 'tasks', 'pressure')
/** Those that wait for a quarter of an hour: evaluated every half minute. */
export const slowHostCases: readonly AlertCase[] = casesOf('cpu')

function caseOf(
  resource: string,
  { at: begins, waits, level = '4', less, since, measured, says, rate, reset }: Row,
  tier: Tier,
) {
  const at = begins[tier]
  const reached = measured(rate ? at + 1e-6 : at)
  const having = (measures: readonly Series[], own = at): Series[] => [
    ...measures,
    ...(['warning', 'critical'] as const).map((one) =>
      host('host_threshold', one === tier ? own : begins[one], { resource, tier: one }),
    ),
  ]
  return forPeople({
    alert: `PidwardenHost${resource[0]?.toUpperCase()}${resource.slice(1)}${tier === 'warning' ? 'Warning' : 'Critical'}`,
    ...{
      severity: tier,
      resource: 'host',
      level: tier === 'warning' ? '2' : level,
      of: aHost,
      dashboard: 'fleet',
    },
    ...{ since, waits: waits[tier], keeps: 60 },
    series: having(reached),
    ...(rate ? { ample: having(measured(at * 1.2)) } : {}),
    description: `The host of host-a:3001 has ${says(at)}.`,
    below: having(measured(at - less)),
    override: { spared: having(reached, at + less), struck: having(reached, at - less) },
    ...(reset === undefined ? {} : { reset: having(reset(at - less)) }),
    also: [{ title: 'no such tier', series: reached, fires: false }],
  })
}
