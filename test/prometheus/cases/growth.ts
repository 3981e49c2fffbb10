/** Growth: what is not at a tier yet and on its way, and what does not decline. */
import type { AlertCase } from '../alert-case.ts'
import {
  type Course,
  climbing,
  container,
  from,
  host,
  info,
  type Series,
  stairs,
  threshold,
} from '../series.ts'
import { aContainer, forPeople } from './people.ts'

const processes = (course: Course | number, critical: number, lowest = critical): Series[] => [
  info(),
  container('container_counted_processes', course),
  threshold('processes', 'warning', lowest, { playbook: 'record' }),
  threshold('processes', 'critical', critical),
  // Of something else.
  threshold('duplicates', 'warning', 1),
]

/** One more every twenty seconds: 31 after nine minutes. */
const slower = (at: number): number => 4 + Math.floor(at / 20)
/** One more every half minute. */
const slowly = stairs(30, 4)

const predicted = forPeople({
  ...{ alert: 'PidwardenProcessesPredicted', severity: 'warning', resource: 'processes', level: '2' },
  // Ten minutes must have been seen.
  ...{ since: 600, waits: 120, keeps: 300, of: aContainer, dashboard: 'container' },
  series: processes(slowly, 31),
  description:
    'At the pace of the last ten minutes container metamcp on host-a:3001 has 58 processes in a quarter of an hour, which is beyond its critical tier.',
  // A minute later it would be 60.
  below: processes(slowly, 60),
  override: { spared: processes(slowly, 100), struck: processes(stairs(60, 1), 20) },
  also: [
    { title: 'a jump', series: processes(from(630, 25, 4), 26), fires: false },
    { title: 'a jump longer ago', series: processes(from(300, 25, 4), 26), fires: false },
    { title: 'beyond the tier already', series: processes(stairs(30, 31), 31), fires: false },
    { title: 'at the tier', series: processes((at) => Math.min(31, slower(at)), 31), fires: false },
    {
      title: 'nothing calls for it',
      series: processes(slowly, 31).filter(({ labels }) => labels.tier !== 'critical'),
      fires: false,
    },
  ],
})

const tasks = (course: Course | number, limit: number): Series[] => [
  info(),
  container('container_pids', course),
  container('container_pids_limit', limit),
]

/** At the last second that is looked at there are 250. */
const threads = climbing(0.2, 10)

const pidsPredicted = forPeople({
  ...{ alert: 'PidwardenPidsLimitPredicted', severity: 'warning', resource: 'pids', level: '2' },
  ...{ since: 840, waits: 300, keeps: 300, of: aContainer, dashboard: 'container' },
  series: tasks(threads, 400),
  description:
    'At the pace of the last quarter of an hour container metamcp on host-a:3001 hits its PID limit in 13m 30s. It counts threads and zombies too.',
  below: tasks(threads, 250 + 0.2 * 3605),
  also: [
    {
      title: 'no limit in force but a wanted one',
      series: [
        ...tasks(threads, 0).slice(0, 2),
        container('container_limit', 400, { resource: 'pids', source: 'policy' }),
      ],
      fires: false,
    },
    { title: 'no limit at all', series: tasks(threads, 0).slice(0, 2), fires: false },
    { title: 'just within the hour', series: tasks(threads, 178 + 0.2 * 3590), fires: true },
    { title: 'a jump', series: tasks(from(870, 300, 10), 400), fires: false },
    { title: 'at rest', series: tasks((at) => threads(Math.min(at, 420)), 110), fires: false },
  ],
})

/** 4, 8, 16, 32 …: twice as many every minute. */
const doubling: Course = (at) => 4 * 2 ** Math.floor(at / 60)
/** What each of three minutes brings to so many, and nothing after that. */
const bringing =
  (first: number, ...added: readonly number[]): Course =>
  (at) =>
    added.slice(0, Math.floor(at / 60)).reduce((sum, one) => sum + one, first)

const exploding = forPeople({
  ...{ alert: 'PidwardenProcessesExploding', severity: 'critical', resource: 'processes', level: '2' },
  ...{ since: 180, waits: 0, keeps: 300, of: aContainer, dashboard: 'container' },
  series: processes(doubling, 31, 16),
  description:
    'Container metamcp on host-a:3001 has 32 processes, twice as many as three minutes ago or more, and each of these minutes brought more than the one before.',
  // Exactly a fifth more in the last minute.
  below: processes(bringing(10, 4, 5, 6), 31, 16),
  override: { spared: processes(doubling, 1000), struck: processes(doubling, 1000, 32) },
  also: [
    { title: 'a little faster', series: processes(bringing(10, 10, 13, 17), 31, 16), fires: true },
    { title: 'exactly twice as many', series: processes(bringing(40, 10, 13, 17), 31, 16), fires: true },
    { title: 'a pool that breathes', series: processes(bringing(40, 10, 13, 16), 31, 16), fires: false },
    { title: 'none before', series: processes(bringing(0, 10, 13, 17), 31, 16), fires: true },
    {
      title: 'a fifth more in the minute before',
      series: processes(bringing(10, 5, 6, 8), 31, 16),
      fires: false,
    },
    { title: 'only since two minutes', series: processes(bringing(10, 0, 6, 12), 31, 16), fires: false },
    { title: 'slower again', series: processes(bringing(10, 5, 9, 1), 31, 16), fires: false },
    { title: 'below the lowest tier', series: processes(doubling, 1000, 65), fires: false },
  ],
})

const atWork =
  (since: number, until: number): Course =>
  (at) =>
    at < since || at > until ? '_' : at === until ? 'stale' : 1

const healed = (course: Course | number, work: Course | number, critical = 31): Series[] => [
  ...processes(course, critical),
  container('remediation_in_progress', work),
]
const run = atWork(60, 120)

const notDeclining = forPeople({
  ...{ alert: 'PidwardenNotDeclining', severity: 'critical', resource: 'processes', level: '3' },
  ...{ since: 120, waits: 120, keeps: 300, of: aContainer, dashboard: 'container' },
  series: healed(31, run),
  description:
    'Container metamcp on host-a:3001 still has 31 processes and does not lose any, although a run has ended within the last quarter of an hour.',
  below: healed(30, run),
  override: { spared: healed(31, run, 32), struck: healed(30, run, 30) },
  also: [
    { title: 'growing', series: healed(stairs(30, 31), run), fires: true },
    { title: 'declining', series: healed((at) => 60 - Math.floor(at / 20), run), fires: false },
    { title: 'a run is at work', series: healed(40, atWork(60, 3600)), fires: false },
    { title: 'nothing was done', series: processes(40, 31), fires: false },
    ...['observe', 'dry-run'].map((mode) => ({
      title: `a run that only plans, in ${mode}`,
      series: [...healed(31, run).slice(1), info({ mode })],
      fires: false,
    })),
    { title: 'fourteen minutes later', series: healed(from(840, 31), run), fires: true, at: 960 },
    {
      title: 'more than a quarter of an hour later',
      series: healed(from(1020, 31), run),
      fires: false,
      at: 1140,
    },
  ],
})

const mebibyte = 2 ** 20
const memory = (anonymous: Course, limit: number): Series[] => [
  info(),
  container('container_memory_anon_bytes', anonymous),
  container('container_memory_working_set_bytes', anonymous),
  container('container_memory_limit_bytes', limit),
]
/** The same without a limit, on a host with so much memory, beside another host. */
const unlimited = (anonymous: Course, ofHost: number): Series[] => [
  ...memory(anonymous, 0).slice(0, 3),
  host('host_memory_total_bytes', ofHost),
  host('host_memory_total_bytes', 3072 * mebibyte, { instance: 'host-z:3001' }),
]
/** A mebibyte every half minute. */
const leak = climbing(mebibyte / 30, 64 * mebibyte)

const memoryLeak = forPeople({
  ...{ alert: 'PidwardenMemoryLeak', severity: 'warning', resource: 'memory', level: '2' },
  // The window begins an hour ago, and its first five minutes must have been seen.
  ...{ since: 3300, waits: 300, keeps: 900, of: aContainer, dashboard: 'container' },
  series: memory(leak, 1024 * mebibyte),
  // 64 + 120 of 1024 MiB are in use by then.
  description:
    'Memory of container metamcp on host-a:3001 has grown for an hour. At this pace its limit, or the memory of the host where it has none, is used up in 7h 0m 0s.',
  // A minute after it would have fired, and half a minute more than a day away.
  below: memory(leak, (64 + 122 + 2881) * mebibyte),
  also: [
    { title: 'a day away', series: memory(leak, (64 + 110 + 2879) * mebibyte), fires: true },
    { title: 'no limit, a small host', series: unlimited(leak, 1024 * mebibyte), fires: true },
    { title: 'no limit, a large host', series: unlimited(leak, 4096 * mebibyte), fires: false },
    {
      title: 'no limit, and nothing is known of the host',
      series: memory(leak, 0).slice(0, 3),
      fires: false,
    },
    {
      title: 'what is collected again and again',
      series: memory((at) => (64 + ((at / 30) % 40)) * mebibyte, 1024 * mebibyte),
      fires: false,
    },
    {
      title: 'since half an hour',
      series: memory((at) => (64 + Math.max(0, at / 30 - 60)) * mebibyte, 1024 * mebibyte),
      fires: false,
    },
    {
      title: 'since less than an hour there',
      series: memory((at) => (at < 600 ? '_' : leak(at)), 1024 * mebibyte),
      fires: false,
    },
    {
      title: 'what has come to rest',
      series: memory((at) => (64 + Math.min(at / 30, 80)) * mebibyte, 1024 * mebibyte),
      fires: false,
    },
  ],
})

/** Evaluated every five seconds. */
export const growthCases: readonly AlertCase[] = [exploding, notDeclining]
/** What needs many minutes: evaluated every half minute. */
export const slowGrowthCases: readonly AlertCase[] = [predicted, pidsPredicted, memoryLeak]
