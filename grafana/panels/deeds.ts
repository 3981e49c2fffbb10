/** Panels about what was done: signals, steps, and what alerts were taken in for it. */
import { bars } from '../parts/bars.ts'
import { gained, ranked } from '../parts/counters.ts'
import { figure } from '../parts/figure.ts'
import { now } from '../parts/query.ts'
import { hosts } from '../parts/selection.ts'

const width = 8
const height = 10
const queued = `${hosts}, verdict="queued"`

/** What was killed with. */
export const signals = () =>
  bars(
    {
      title: 'Signals sent',
      description:
        'Signals to leaked processes within the range: SIGTERM first, SIGKILL to what is left. Source: the journal of pidwarden.',
      unit: 'none',
      width,
      height,
    },
    now(ranked('pidwarden_signals_total', 'signal'), '{{signal}}').emptyWhenHealthy(
      'nothing had to be ended',
    ),
  )

/** Which steps were taken. */
export const actions = () =>
  bars(
    {
      title: 'Steps taken',
      description:
        'Steps of playbooks that ended within the range, by action and outcome. Source: the journal of pidwarden.',
      unit: 'none',
      width,
      height,
    },
    now(ranked('pidwarden_actions_total', 'action, outcome'), '{{action}}: {{outcome}}').emptyWhenHealthy(
      'no playbook has run',
    ),
  )

/** What became of alerts that came in. */
export const alerts = () =>
  bars(
    {
      title: 'Alerts taken in',
      description:
        'What became of the alerts that Alertmanager delivered within the range: queued = a run looks at it, known = it was delivered before, skipped = there is nothing to act on, such as the alert that always fires. Source: the webhook of pidwarden.',
      unit: 'none',
      width,
      height,
    },
    now(
      ranked('pidwarden_alerts_received_total', 'verdict, reason'),
      '{{verdict}} {{reason}}',
    ).emptyWhenHealthy('Alertmanager has delivered nothing yet'),
  )

/** How many alerts became work. */
export const delivered = () =>
  figure(
    {
      title: 'Alerts queued',
      description:
        'Alerts that a run has looked at, or will, within the range. Source: the webhook of pidwarden.',
      unit: 'none',
      width: 6,
      height: 4,
    },
    now(`sum(${gained('pidwarden_alerts_received_total', 'verdict', queued)}) or vector(0)`, 'queued'),
  )
