/** Panels about the life of a container. */
import { coded, decoded, healths, incidentTiers, states } from '../parts/codes.ts'
import { words } from '../parts/colors.ts'
import { figure } from '../parts/figure.ts'
import type { About } from '../parts/panel.ts'
import { now, over, type Query } from '../parts/query.ts'
import { container } from '../parts/selection.ts'
import { timeline } from '../parts/timeline.ts'

const busy = words({ 1: { text: 'at work', color: 'blue' } })

/** What was when: state, health, incidents and what pidwarden did. */
export const life = () =>
  timeline(
    {
      title: 'State, health, incidents and runs',
      description:
        'A gap is a time in which there was no such container, no incident or no run. Source: State.Status and State.Health of Docker inspect; the journal of pidwarden.',
      width: 24,
      height: 7,
    },
    [],
    over(coded('pidwarden_container_state', container, states), 'state'),
    over(coded('pidwarden_container_health', container, healths), 'health'),
    over(coded('pidwarden_incident_active', container, incidentTiers), 'incident').emptyWhenHealthy(
      'no incident is open',
    ),
    over(`pidwarden_remediation_in_progress{${container}}`, 'pidwarden').emptyWhenHealthy(
      'nothing had to be done',
    ),
  )
    .overrideByName('state', [{ id: 'mappings', value: decoded(states) }])
    .overrideByName('health', [{ id: 'mappings', value: decoded(healths) }])
    .overrideByName('incident', [{ id: 'mappings', value: decoded(incidentTiers) }])
    .overrideByName('pidwarden', [{ id: 'mappings', value: busy }])

/** For how long it has been running. */
export const uptime = () =>
  small(
    {
      title: 'Uptime',
      description: 'Time since the last start. Source: State.StartedAt and State.Status of Docker inspect.',
      unit: 's',
      width: 4,
    },
    now(
      `(time() - pidwarden_container_start_time_seconds{${container}}) and on (job, instance, name) (pidwarden_container_state{${container}, state=~"running|paused"} == 1)`,
      'up',
    ),
  )
    .decimals(1)
    .noValue('not running')

/** When it was started. */
export const started = () =>
  small(
    {
      title: 'Started',
      description: 'The last start, by whomever. Source: State.StartedAt of Docker inspect.',
      unit: 'dateTimeAsIso',
      width: 8,
    },
    now(`1000 * pidwarden_container_start_time_seconds{${container}}`, 'started'),
  ).noValue('never')

/** How often it was started. */
export const starts = () =>
  small(
    {
      title: 'Starts',
      description:
        'How often it was started within the range, by whomever. Source: changes of State.StartedAt of Docker inspect.',
      unit: 'none',
      width: 4,
    },
    now(`changes(pidwarden_container_start_time_seconds{${container}}[$__range])`, 'starts'),
  ).noValue('never')

/** How often Docker restarted it. */
export const restarts = () =>
  small(
    {
      title: 'Restarts by policy',
      description:
        'How often the restart policy of Docker started it within the range. Source: RestartCount of Docker inspect.',
      unit: 'none',
      width: 4,
    },
    now(`ceil(increase(pidwarden_container_restarts_total{${container}}[$__range]))`, 'restarts'),
  )

/** What it ended with. */
export const exitCode = () =>
  small(
    {
      title: 'Exit code',
      description: 'Of the last run, while it does not run. Source: State.ExitCode of Docker inspect.',
      unit: 'none',
      width: 4,
    },
    now(`pidwarden_container_exit_code{${container}}`, 'exit code').emptyWhenHealthy('the container runs'),
  ).noValue('runs')

function small(about: Omit<About, 'height'>, query: Query) {
  return figure({ ...about, height: 4 }, query).decimals(0)
}
