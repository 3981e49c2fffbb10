/** Rates, shares and predictions. */
import type { RecordingCase } from '../recording-case.ts'
import { type Course, climbing, container, from, host, restarted, type Series } from '../series.ts'
import { aHost, aName } from './people.ts'

const ofContainer = { labels: aName, at: 300 }
const ofHost = { labels: aHost, at: 300 }
type Counter = (perSecond: number) => Course

const cpu = (user: number, counter: Counter = climbing): Series[] => [
  container('container_cpu_seconds_total', counter(user), { mode: 'user' }),
  container('container_cpu_seconds_total', counter(0.25), { mode: 'system' }),
]

/** One counter of a container and its rate. */
const rate = (record: string, metric: string, range: number): RecordingCase => ({
  ...{ ...ofContainer, record, range, value: 0.5 },
  series: [container(metric, climbing(0.5))],
  below: { series: [container(metric, 700)], value: 0 },
  reset: { series: [container(metric, restarted(0.5, 270))], most: 0.5 },
})

const counted = (course: Course | number): Series[] => [container('container_counted_processes', course)]

const shared = (used: number, limit?: number): Series[] => [
  container('container_pids', used),
  ...(limit === undefined ? [] : [container('container_pids_limit', limit)]),
]

const working = (used: number, limit?: number): Series[] => [
  container('container_memory_working_set_bytes', used),
  ...(limit === undefined ? [] : [container('container_memory_limit_bytes', limit)]),
]

const wants = (resource: string, at: number): Series =>
  container('container_limit', at, { resource, source: 'policy' })
const configured = (resource: string, at: number): Series =>
  container('container_limit', at, { resource, source: 'docker' })
const pids = (course: Course | number, ...limits: Series[]): Series[] => [
  container('container_pids', course),
  ...limits,
]
const memory = (course: Course | number, ...limits: Series[]): Series[] => [
  container('container_memory_working_set_bytes', (at) => 1000 + Number(climbing(1)(at))),
  container('container_memory_anon_bytes', course),
  ...limits,
]
const pidsLimit = (at: number): Series => container('container_pids_limit', at)
/** The memory of its host, and of another one. */
const hosts = (total: number): Series[] => [
  host('host_memory_total_bytes', total),
  host('host_memory_total_bytes', 5500, { instance: 'host-z:3001' }),
]
const memoryLimit = (at: number): Series => container('container_memory_limit_bytes', at)

const used = (total: number, available: number): Series[] => [
  host('host_memory_total_bytes', total),
  host('host_memory_available_bytes', available),
]

const hostCpu = (user: number, counter: Counter = climbing): Series[] => [
  host('host_cpu_seconds_total', counter(user / 2), { mode: 'user' }),
  host('host_cpu_seconds_total', counter(user / 4), { mode: 'system' }),
  host('host_cpu_seconds_total', counter(user / 4), { mode: 'softirq' }),
  // Nobody else has to wait because of these.
  ...['idle', 'iowait', 'nice'].map((mode) => host('host_cpu_seconds_total', counter(3), { mode })),
]

const pressure = (waiting: number, counter: Counter = climbing): Series[] => [
  host('host_pressure_waiting_seconds_total', counter(waiting), { resource: 'memory' }),
  host('host_pressure_waiting_seconds_total', counter(0.75), { resource: 'io' }),
]

const tasks = (most: Readonly<Record<string, number>>): Series[] => [
  host('host_tasks', 1000),
  ...Object.entries(most).map(([name, at]) => host(`host_${name}`, at)),
]

const runs = (ended: Readonly<Record<string, Course | number>>): Series[] => [
  host('build_info', 1, { version: '0.1.0', node: '24.0.0' }),
  host('collector_success', 1, { collector: 'journal' }),
  host('collector_success', 1, { collector: 'census' }),
  ...Object.entries(ended).flatMap(([outcome, course]) =>
    ['cleanup', 'restart'].map((playbook) => host('runs_total', course, { playbook, outcome, reason: 'x' })),
  ),
]

/** Runs of some outcomes, of two playbooks each. */
const sumOfRuns = (record: string, first: string, second: string): RecordingCase => ({
  ...{ ...ofHost, record, value: 10 },
  series: runs({ [first]: 3, [second]: 2, fixed: 40 }),
  // Nothing has ended so as yet, and 0 is what an increase is counted from.
  below: { series: runs({ fixed: 40 }), value: 0 },
  reset: { series: runs({ [first]: from(270, 0, 3) }), most: 6 },
  also: [{ title: 'of one kind', series: runs({ [second]: 2 }), value: 4 }],
})

/** All of them. */
export const recordingCases: readonly RecordingCase[] = [
  {
    ...{ ...ofContainer, record: 'instance_name:pidwarden_container_cpu_seconds:rate2m', range: 120 },
    series: cpu(0.5),
    value: 0.75,
    below: { series: cpu(0), value: 0.25 },
    reset: { series: cpu(0.5, (perSecond) => restarted(perSecond, 270)), most: 0.75 },
  },
  rate(
    'instance_name:pidwarden_container_cpu_throttled_seconds:rate5m',
    'container_cpu_throttled_seconds_total',
    300,
  ),
  rate('instance_name:pidwarden_container_process_starts:rate2m', 'container_process_starts_total', 120),
  {
    ...{ ...ofContainer, record: 'instance_name:pidwarden_container_processes:deriv5m', range: 300 },
    series: counted(climbing(0.2, 4)),
    value: 0.2,
    below: { series: counted(30), value: 0 },
    also: [{ title: 'declining', series: counted(climbing(-0.2, 400)), value: -0.2 }],
  },
  {
    ...{ ...ofContainer, record: 'instance_name:pidwarden_container_pids:ratio' },
    series: shared(25, 100),
    value: 0.25,
    below: { series: shared(25), value: undefined },
  },
  {
    ...{ ...ofContainer, record: 'instance_name:pidwarden_container_memory_working_set_bytes:ratio' },
    series: working(3 * 2 ** 30, 4 * 2 ** 30),
    value: 0.75,
    below: { series: working(3 * 2 ** 30), value: undefined },
  },
  {
    ...{ ...ofContainer, record: 'instance_name:pidwarden_container_pids_limit:predicted_seconds' },
    // 250 by now, and one more every five seconds.
    at: 1200,
    series: pids(climbing(0.2, 10), pidsLimit(400)),
    value: 750,
    below: { series: pids(250, pidsLimit(400)), value: undefined },
    also: [
      { title: 'declining', series: pids(climbing(-0.2, 300), pidsLimit(400)), value: undefined },
      { title: 'no limit', series: pids(climbing(0.2, 10)), value: undefined },
      { title: 'at the limit', series: pids(climbing(0.2, 10), pidsLimit(250)), value: undefined },
      {
        title: 'only a wanted one',
        series: pids(climbing(0.2, 10), wants('pids', 350), wants('memory', 7), configured('pids', 9)),
        value: undefined,
      },
      {
        title: 'the one in force, whatever is wanted',
        series: pids(climbing(0.2, 10), pidsLimit(400), wants('pids', 350)),
        value: 750,
      },
      { title: 'thirteen minutes ago', series: pids(from(1200 - 780, 9, 1), pidsLimit(400)), value: 'some' },
      { title: 'longer ago', series: pids(from(1200 - 960, 9, 1), pidsLimit(400)), value: undefined },
    ],
  },
  {
    ...{ ...ofContainer, record: 'instance_name:pidwarden_container_memory_limit:predicted_seconds' },
    // Anonymous memory grows by two bytes a second; 5200 are in use.
    at: 4200,
    series: memory(climbing(2), memoryLimit(9200)),
    value: 2000,
    below: { series: memory(1200, memoryLimit(9200)), value: undefined },
    also: [
      { title: 'no limit, and nothing is known of the host', series: memory(climbing(2)), value: undefined },
      {
        title: 'no limit but the memory of its host',
        series: memory(climbing(2), ...hosts(9200)),
        value: 2000,
      },
      {
        title: 'the limit in force before the memory of the host',
        series: memory(climbing(2), memoryLimit(9200), ...hosts(6200)),
        value: 2000,
      },
      { title: 'at the limit', series: memory(climbing(2), memoryLimit(5200)), value: undefined },
      {
        title: 'only a wanted one',
        series: memory(climbing(2), wants('memory', 6200), wants('pids', 7), configured('memory', 9)),
        value: undefined,
      },
      { title: 'within the hour', series: memory(from(4200 - 3000, 9, 1), memoryLimit(9200)), value: 'some' },
      { title: 'longer ago', series: memory(from(4200 - 3900, 9, 1), memoryLimit(9200)), value: undefined },
    ],
  },
  {
    ...{ ...ofHost, record: 'instance:pidwarden_host_memory_used_bytes:difference' },
    series: used(16, 4),
    value: 12,
    below: { series: used(16, 5), value: 11 },
  },
  {
    ...{ ...ofHost, record: 'instance:pidwarden_host_cpu_seconds:rate2m', range: 120 },
    series: hostCpu(1.5),
    value: 1.5,
    below: { series: hostCpu(0), value: 0 },
    reset: { series: hostCpu(1.5, (perSecond) => restarted(perSecond, 270)), most: 1.5 },
  },
  {
    ...{ ...ofHost, record: 'instance:pidwarden_host_memory_pressure:rate2m', range: 120 },
    series: pressure(0.125),
    value: 0.125,
    below: { series: pressure(0), value: 0 },
    reset: { series: pressure(0.125, (perSecond) => restarted(perSecond, 270)), most: 0.125 },
  },
  {
    ...{ ...ofHost, record: 'instance:pidwarden_host_tasks:ratio' },
    series: tasks({ pid_max: 4000, threads_max: 8000 }),
    value: 0.25,
    below: { series: tasks({ pid_max: 10000, threads_max: 8000 }), value: 0.125 },
    also: [
      { title: 'only threads-max', series: tasks({ threads_max: 8000 }), value: 0.125 },
      { title: 'only pid_max', series: tasks({ pid_max: 4000 }), value: 0.25 },
      { title: 'neither', series: tasks({}), value: undefined },
    ],
  },
  sumOfRuns('instance:pidwarden_runs_failed:sum', 'failed', 'interrupted'),
  sumOfRuns('instance:pidwarden_runs_unhelpful:sum', 'ineffective', 'regressed'),
]
