/** Containers that are killed, restart again and again, are ill, down or gone. */
import type { AlertCase } from '../alert-case.ts'
import { type Course, container, from, id, info, type Series } from '../series.ts'
import { aContainer, aName, forPeople } from './people.ts'

const about = { of: aContainer, dashboard: 'container' } as const
const begin = 30

const kills = (course: Course | number): Series[] => [info(), container('container_oom_kills_total', course)]

const oomKilled = forPeople({
  ...{ ...about, alert: 'PidwardenOomKilled', severity: 'critical', resource: 'memory', level: '2' },
  ...{ since: begin, waits: 0, forgets: 600 },
  series: kills(from(begin, 2)),
  description:
    'About 2 processes of container metamcp on host-a:3001 were killed within ten minutes, because its memory limit or the memory of the host was used up.',
  below: kills(2),
  reset: kills(from(begin, 0, 5)),
})

/** Started at the beginning, and again at each of `times`. */
const started = (...times: number[]): Series =>
  container('container_start_time_seconds', (at) => 1e9 + Math.max(0, ...times.filter((time) => time <= at)))

/** The same by its restart policy. */
const restarted = (...times: number[]): Series[] => [
  info(),
  started(...times),
  container('container_restarts_total', (at) => times.filter((time) => time <= at).length),
]

const restartLoop = forPeople({
  ...{ ...about, alert: 'PidwardenRestartLoop', severity: 'critical', resource: 'health', level: '3' },
  // A quarter of an hour after the first restart.
  ...{ since: 180, waits: 0, keeps: 300, forgets: 780 },
  series: restarted(60, 120, 180),
  description:
    'Container metamcp on host-a:3001 was restarted 3 times by its restart policy within a quarter of an hour.',
  below: restarted(60, 120),
  // Made anew: Docker counts from 0 again.
  reset: [info(), container('container_restarts_total', from(begin, 0, 7))],
  also: [
    {
      title: 'made anew in between',
      series: [
        info(),
        started(60, 90, 120, 180),
        container('container_restarts_total', (at) =>
          at < 60 ? 0 : at < 90 ? 1 : at < 120 ? 0 : at < 180 ? 1 : 2,
        ),
      ],
      fires: true,
    },
    {
      title: 'somebody starts it again and again',
      series: [info(), started(60, 120, 180), container('container_restarts_total', 1)],
      fires: false,
    },
    {
      title: 'recreated each time',
      series: [
        started(60, 120, 180),
        container('container_restarts_total', 0),
        ...[0, 60, 120, 180].map((begun) => ({
          ...info({ id: begun === 180 ? id : `id-${begun}` }),
          course: lived(begun, begun + 60),
        })),
      ],
      fires: false,
    },
  ],
})

function lived(from: number, until: number): Course {
  return (at) => (at < from || at > until ? '_' : at === until ? 'stale' : 1)
}

const ill = (status: string, state: string): Series[] => [
  info(),
  ...['running', 'paused', 'exited'].map((one) =>
    container('container_state', one === state ? 1 : 0, { state: one }),
  ),
  ...['none', 'starting', 'healthy', 'unhealthy'].map((one) =>
    container('container_health', from(begin, one === status ? 1 : 0), { status: one }),
  ),
]

const unhealthy = forPeople({
  ...{ ...about, alert: 'PidwardenUnhealthy', severity: 'warning', resource: 'health', level: '2' },
  ...{ since: begin, waits: 300, keeps: 60 },
  series: ill('unhealthy', 'running'),
  description: 'The health check of container metamcp on host-a:3001 has been failing for five minutes.',
  below: ill('starting', 'running'),
  also: [
    { title: 'when it was stopped', series: ill('unhealthy', 'exited'), fires: false },
    { title: 'paused', series: ill('unhealthy', 'paused'), fires: false },
  ],
})

const one = (metric: string, course: Course | number): Series[] => [info(), container(metric, course)]

const crashedIn = (mode: string): Series[] => [info({ mode }), container('container_crashed', from(begin, 1))]

const crashed = forPeople({
  ...{ ...about, alert: 'PidwardenCrashed', severity: 'critical', resource: 'health', level: '2' },
  ...{ since: begin, waits: 60 },
  series: one('container_crashed', from(begin, 1)),
  description: 'Container metamcp on host-a:3001 has ended by itself with a failure and does not run.',
  below: one('container_crashed', 0),
  also: [
    { title: 'in dry-run', series: crashedIn('dry-run'), fires: true },
    { title: 'only observed', series: crashedIn('observe'), fires: false },
    { title: 'turned off', series: crashedIn('off'), fires: false },
  ],
})

const missing = forPeople({
  ...{ alert: 'PidwardenContainerMissing', severity: 'critical', resource: 'health', level: '2' },
  ...{ since: begin, waits: 60, of: aName, dashboard: 'fleet' },
  // It has no info: nobody knows the id of what is not there.
  series: [container('container_absent', from(begin, 1))],
  description:
    'Container metamcp is expected on host-a:3001 by the configuration of pidwarden, and neither runs nor is paused.',
  below: [container('container_absent', 0)],
})

const policyErrors = forPeople({
  ...{ ...about, alert: 'PidwardenPolicyErrors', severity: 'warning', resource: 'policy', level: '2' },
  ...{ since: begin, waits: 60 },
  series: one('container_policy_errors', from(begin, 2)),
  description:
    'pidwarden could not understand 2 labels of container metamcp on host-a:3001. Until they are mended nothing is done about it; /api/health names each of them.',
  below: one('container_policy_errors', 0),
})

/** All of them. */
export const lifecycleCases: readonly AlertCase[] = [
  oomKilled,
  restartLoop,
  unhealthy,
  crashed,
  missing,
  policyErrors,
]
