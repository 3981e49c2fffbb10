/** The forty alerts of the tiers: a row for each resource, and what is the same for all of them. */
import type { AlertCase } from '../alert-case.ts'
import { type Course, container, from, id, info, type Series, threshold } from '../series.ts'
import { annotations } from './words.ts'

const tiers = ['warning', 'critical', 'emergency', 'nuclear'] as const
type Tier = (typeof tiers)[number]

/** What differs between resources. */
interface Row {
  /** Where the tiers begin, lowest first. */
  readonly at: readonly [number, number, number, number]
  /** Seconds that each tier waits. */
  readonly waits: readonly [number, number, number, number]
  /** How much less is just not enough. */
  readonly less: number
  /** Series of a container where `at` is measured from second `since` on. */
  readonly measured: (at: number) => readonly Series[]
  /** When that is noticed. */
  readonly since: number
  /** How the description begins. */
  readonly words: string
  /** How a number is said. */
  readonly say?: (at: number) => string
  /** The value as Go prints it. */
  readonly value?: (at: number) => string
  /** How much more is enough although a scrape is missed, where a rate is looked at. */
  readonly ample?: number
  readonly reset?: (below: number) => readonly Series[]
  readonly also?: AlertCase['also']
}

const begin = 15
const exact = { less: 1, since: begin }
const gauge =
  (metric: string) =>
  (at: number): readonly Series[] => [container(metric, from(begin, at))]
const never = [0, 0, 0, 0] as const
const gibibyte = 1024 ** 3

/** CPU time of a container that keeps `cores` busy, a quarter of it in the kernel. */
const busy = (cores: number, course: (perSecond: number) => Course): readonly Series[] => [
  container('container_cpu_seconds_total', course(cores * 0.75), { mode: 'user' }),
  container('container_cpu_seconds_total', course(cores * 0.25), { mode: 'system' }),
]

const states = (state: string, health: string, crashed: number): readonly Series[] => [
  ...['running', 'paused', 'exited'].map((one) =>
    container('container_state', one === state ? 1 : 0, { state: one }),
  ),
  ...['none', 'starting', 'healthy', 'unhealthy'].map((one) =>
    container('container_health', from(begin, one === health ? 1 : 0, one === 'healthy' ? 1 : 0), {
      status: one,
    }),
  ),
  container('container_crashed', from(begin, crashed)),
]

const rows: Readonly<Record<string, Row>> = {
  processes: {
    ...exact,
    at: [16, 31, 51, 101],
    waits: never,
    measured: gauge('container_counted_processes'),
    words: 'Processes counted in container',
  },
  pids: {
    ...exact,
    at: [75, 90, 95, 100],
    waits: never,
    measured: gauge('container_pids'),
    words: 'Tasks in container',
  },
  duplicates: {
    ...exact,
    at: [1, 5, 20, 50],
    waits: [120, 0, 0, 0],
    // Over all commands: none of them reaches a tier alone, but for the lowest.
    measured: (at) =>
      [Math.floor(at / 2), Math.ceil(at / 2)].map((share, command) =>
        container('container_duplicates', from(begin, share), { command: `node server-${command}` }),
      ),
    words: 'Duplicates in container',
  },
  orphans: {
    ...exact,
    at: [1, 5, 20, 50],
    waits: [120, 0, 0, 0],
    measured: gauge('container_orphans'),
    words: 'Orphans in container',
  },
  zombies: {
    ...exact,
    at: [1, 10, 50, 70],
    waits: [120, 30, 0, 0],
    measured: gauge('container_zombies'),
    words: 'Zombies in container',
  },
  memory: {
    ...exact,
    at: [3 * gibibyte, 4 * gibibyte, 6 * gibibyte, 8 * gibibyte],
    waits: [60, 0, 0, 0],
    measured: gauge('container_memory_working_set_bytes'),
    words: 'Working set of container',
    say: (at) => `${at / gibibyte}Gi`,
    value: (at) => at.toExponential().replace(/\+(\d)$/, '+0$1'),
  },
  cpu: {
    at: [1.25, 1.5, 1.75, 2],
    waits: [300, 120, 120, 120],
    less: 1 / 128,
    ample: 0.2,
    // As long as the window is not full, the rate is taken for less than it is.
    since: 120,
    measured: (at) => busy(at, (perSecond) => (seconds) => perSecond * seconds),
    words: 'Cores kept busy by container',
    say: (at) => at.toFixed(2),
    // Restarted again and again: each time the counters of the kernel begin at 0.
    reset: (below) => busy(below, (perSecond) => (seconds) => perSecond * (seconds % 60)),
  },
  startup: {
    ...exact,
    at: [16, 31, 51, 101],
    waits: never,
    measured: gauge('container_startup_processes'),
    words: 'Processes in container',
  },
  limits: {
    ...exact,
    at: [1, 2, 3, 4],
    waits: [60, 60, 60, 60],
    measured: gauge('container_limits_unheld'),
    words: 'Wanted limits that the kernel does not hold for container',
  },
  health: {
    ...exact,
    at: [1, 1, 1, 1],
    waits: never,
    measured: (at) => states('running', at >= 1 ? 'unhealthy' : 'starting', 0),
    words: 'Unhealthy (1) or not (0), container',
    also: [
      { title: 'crashed', series: states('exited', 'none', 1), fires: true },
      { title: 'unhealthy when it was stopped', series: states('exited', 'unhealthy', 0), fires: false },
      { title: 'paused', series: states('paused', 'unhealthy', 0), fires: false },
    ],
  },
}

const capital = (word: string): string => `${word[0]?.toUpperCase()}${word.slice(1)}`

const not =
  (tier: string) =>
  ({ labels }: Series): boolean =>
    labels.tier !== tier

/** The cases of each resource. */
export const tierCases: Readonly<Record<string, readonly AlertCase[]>> = Object.fromEntries(
  Object.entries(rows).map(([resource, row]) => [resource, tiers.map((tier) => caseOf(resource, row, tier))]),
)

function caseOf(resource: string, row: Row, tier: Tier): AlertCase {
  const { measured, less, words, say = String, value = String } = row
  const index = tiers.indexOf(tier)
  const [at = 0, waits = 0] = [row.at[index], row.waits[index]]
  const alert = `Pidwarden${capital(resource)}${capital(tier)}`
  const labels = {
    ...{ severity: tier === 'warning' ? 'warning' : 'critical', tier, resource },
    ...{ job: 'pidwarden', instance: 'host-a:3001', name: 'metamcp', id, playbook: `for-${tier}` },
  }
  /** A container that measures so much, with its thresholds; that of this tier is another one. */
  const having = (measures: readonly Series[], own: number | undefined = at): Series[] => [
    info(),
    ...measures,
    ...tiers.flatMap((one, i) => {
      const begins = one === tier ? own : row.at[i]
      return begins === undefined ? [] : [threshold(resource, one, begins, { playbook: `for-${one}` })]
    }),
  ]
  return {
    ...{ alert, since: row.since, waits, labels },
    ...(tier === 'warning' ? { keeps: 30 } : {}),
    series: having(measured(at)),
    below: having(measured(at - less)),
    annotations: annotations(alert, labels, 'container', {
      description: `${words} metamcp on host-a:3001: ${say(at)}. Its ${tier} tier begins at ${say(at)}.`,
      value: value(at),
      threshold: say(at),
    }),
    override: {
      spared: having(measured(at), at + less),
      struck: having(measured(at - less || at), at - less || at),
    },
    ...(row.ample === undefined ? {} : { ample: having(measured(at + row.ample)) }),
    ...(row.reset === undefined ? {} : { reset: having(row.reset(at - less)) }),
    also: [
      { title: 'no such tier', series: having(measured(at)).filter(not(tier)), fires: false },
      ...(row.also ?? []).map(({ series, ...other }) => ({ ...other, series: having(series) })),
    ],
  }
}
