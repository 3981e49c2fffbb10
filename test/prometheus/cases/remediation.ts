/** What becomes of healing. */
import type { AlertCase } from '../alert-case.ts'
import { type Course, container, from, host, info, type Series } from '../series.ts'
import { aHost, aName, forPeople } from './people.ts'

const about = { resource: 'remediation', dashboard: 'remediation' } as const
const begin = 30

/** Runs that have ended, by outcome; one that never was has no series. */
const runs = (ended: Readonly<Record<string, Course | number>>, journal: Course | number = 1): Series[] => [
  host('build_info', 1, { version: '0.1.0', node: '24.0.0' }),
  ...['docker', 'census', 'journal'].map((collector) =>
    host('collector_success', collector === 'journal' ? journal : 1, { collector }),
  ),
  ...Object.entries(ended).map(([outcome, course]) =>
    host('runs_total', course, { playbook: 'cleanup', outcome, reason: 'action_failed' }),
  ),
]
const first = from(begin, 1, '_')
/** The journal is another one from `begin` on, in which nothing is. */
const emptied =
  (before: number): Course =>
  (at) =>
    at < begin ? before : at === begin ? 'stale' : '_'
/** What stood at 57 is not read at `begin`, and is again five seconds later. */
const unread: Course = (at) => (at === begin ? 'stale' : 57)

const inProgress = forPeople({
  ...{ ...about, alert: 'PidwardenRemediationInProgress', severity: 'info', tier: 'normal', level: '1' },
  ...{ since: begin, waits: 0, of: aName },
  series: [container('remediation_in_progress', from(begin, 1, '_'))],
  description: 'A run is at work on container metamcp on host-a:3001.',
  below: [container('remediation_in_progress', 0)],
})

const failing = forPeople({
  ...{ ...about, alert: 'PidwardenRemediationFailing', severity: 'critical', level: '3' },
  ...{ since: begin, waits: 0, remembers: 900, of: aHost },
  series: runs({ failed: first, fixed: 12 }),
  description:
    'About 1 runs of pidwarden at host-a:3001 failed or were interrupted within a quarter of an hour. GET /api/runs says why.',
  below: runs({ failed: 5, interrupted: 2, fixed: first, ineffective: first }),
  // An emptied journal.
  reset: runs({ failed: emptied(5), interrupted: emptied(2) }),
  also: [
    { title: 'interrupted', series: runs({ interrupted: from(begin, 4, 3), failed: 7 }), fires: true },
    {
      title: 'the journal could not be read once',
      series: runs({ failed: unread }, (at) => (at === begin ? 0 : 1)),
      fires: false,
    },
  ],
})

/** Each of `times` one more. */
const at =
  (...times: number[]): Course =>
  (now) =>
    times.filter((time) => time <= now).length || '_'

const stuck = forPeople({
  ...{ ...about, alert: 'PidwardenRemediationStuck', severity: 'critical', level: '3' },
  ...{ since: begin, waits: 600, of: aName },
  series: [container('remediation_in_progress', from(begin, 1, '_'))],
  description:
    'A run has been at work on container metamcp on host-a:3001 for ten minutes without a pause: it does not come to an end, or one run follows the other.',
  // One run after another, with five seconds between them.
  below: [container('remediation_in_progress', (now) => (now % 300 === 0 ? 'stale' : 1))],
})

const manual = forPeople({
  ...{ ...about, alert: 'PidwardenManualInterventionRequired', severity: 'critical', tier: 'nuclear' },
  ...{ level: '5', since: begin, waits: 0, of: aName, dashboard: 'container' },
  series: [container('manual_intervention_required', from(begin, 1))],
  description:
    'What was done for container metamcp on host-a:3001 did not help, and pidwarden leaves it alone. GET /api/incidents says what was tried. End the leak, then POST /api/containers/metamcp/release.',
  below: [container('manual_intervention_required', 0)],
})

/** Evaluated every five seconds. */
export const remediationCases: readonly AlertCase[] = [inProgress, failing, stuck, manual]

const ineffective = forPeople({
  ...{ ...about, alert: 'PidwardenRemediationIneffective', severity: 'warning', level: '3' },
  // The first of the three is forgotten an hour after it was not there yet.
  ...{ since: 270, waits: 0, keeps: 600, lasts: 3000, remembers: 3420, of: aHost },
  series: runs({ ineffective: at(90, 180), regressed: at(270), fixed: 12 }),
  description:
    '3 runs of pidwarden at host-a:3001 did not help within an hour, or things were worse afterwards. Something leaks that it may not end.',
  below: runs({ ineffective: at(90, 180), failed: at(90, 270), fixed: at(90, 180, 270) }),
  reset: runs({ ineffective: emptied(5), regressed: emptied(4) }),
  also: [
    {
      title: 'the journal could not be read once',
      series: runs({ ineffective: unread }, (now) => (now === begin ? 0 : 1)),
      fires: false,
    },
  ],
})

/** An incident that is critical at first and then an emergency. */
const incident = (until: number, mode = 'enforce'): Series[] => [
  info({ mode }),
  container('incident_active', (now) => (now < 600 ? 1 : now === 600 ? 'stale' : '_'), { tier: 'critical' }),
  container('incident_active', (now) => (now < 600 || now > until ? '_' : now === until ? 'stale' : 1), {
    tier: 'emergency',
  }),
]

const unresolved = forPeople({
  ...{ ...about, alert: 'PidwardenIncidentUnresolved', severity: 'warning', level: '2' },
  ...{ since: 0, waits: 3600, of: aName },
  series: incident(9000),
  description:
    'The incident of container metamcp on host-a:3001 has been open for an hour. GET /api/incidents says what it waits for.',
  below: incident(3600),
  also: [
    { title: 'in dry-run', series: incident(9000, 'dry-run'), fires: true },
    { title: 'only observed', series: incident(9000, 'observe'), fires: false },
  ],
})

const stopped = forPeople({
  ...{ ...about, alert: 'PidwardenActingStopped', severity: 'warning', level: '2' },
  ...{ since: begin, waits: 3600, of: aHost },
  series: [host('acting_stopped', from(begin, 1))],
  description:
    'pidwarden at host-a:3001 has only counted for an hour, because a person has stopped it. GET /api/health says why; POST /api/resume goes on.',
  below: [host('acting_stopped', (now) => (now === 3600 ? 0 : 1))],
})

/** Those that take an hour: evaluated every half minute. */
export const slowRemediationCases: readonly AlertCase[] = [ineffective, unresolved, stopped]
