/** Panels about runs of playbooks. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import { bars } from '../parts/bars.ts'
import { gained, ranked, steps } from '../parts/counters.ts'
import { events, graph } from '../parts/graph.ts'
import { now, over } from '../parts/query.ts'

const untouched = 'no playbook has run'

/** Where no run ended there is no quantile, which is not a number. */
const quantile = (share: number): string =>
  `histogram_quantile(${share}, ${gained('pidwarden_run_duration_seconds_bucket', 'playbook, le')}) >= 0`

/** What runs led to. */
export const outcomes = () =>
  bars(
    {
      title: 'Runs by outcome',
      description:
        'Runs that ended within the range, by playbook and outcome. Source: the journal of pidwarden.',
      unit: 'none',
      width: 8,
      height: 9,
    },
    now(ranked('pidwarden_runs_total', 'playbook, outcome'), '{{playbook}}: {{outcome}}').emptyWhenHealthy(
      untouched,
    ),
  )

/** Why they ended so. */
export const reasons = () =>
  bars(
    {
      title: 'Runs by reason',
      description: 'Why the runs of the range ended as they did. Source: the journal of pidwarden.',
      unit: 'none',
      width: 8,
      height: 9,
    },
    now(ranked('pidwarden_runs_total', 'outcome, reason'), '{{outcome}}: {{reason}}').emptyWhenHealthy(
      untouched,
    ),
  )

/** When they ended, and how. */
export const course = () =>
  events(
    {
      title: 'Runs over time',
      description: 'Runs that ended between one point and the next. Source: the journal of pidwarden.',
      unit: 'none',
      width: 12,
    },
    over(steps('pidwarden_runs_total', 'outcome'), '{{outcome}}').emptyWhenHealthy(untouched),
  )
    .decimals(0)
    .noValue('none in this range')

/** How long they took. */
export const durations = () =>
  bars(
    {
      title: 'Time from start to verdict',
      description:
        'Median and 95th percentile of the runs of the range, by playbook, between the bounds of the buckets. Source: the journal of pidwarden.',
      unit: 's',
      width: 8,
      height: 9,
    },
    now(quantile(0.5), '{{playbook}}: half of them within').emptyWhenHealthy(untouched),
    now(quantile(0.95), '{{playbook}}: nearly all within').emptyWhenHealthy(untouched),
  )

/** How long they took, over time. */
export const meanDuration = () =>
  graph(
    {
      title: 'Mean time from start to verdict',
      description: 'Of the runs that ended between one point and the next. Source: the journal of pidwarden.',
      unit: 's',
      width: 12,
    },
    over(
      `${steps('pidwarden_run_duration_seconds_sum', 'playbook')} / (${steps('pidwarden_run_duration_seconds_count', 'playbook')} > 0)`,
      '{{playbook}}',
    ).emptyWhenHealthy(untouched),
  )
    .drawStyle(common.GraphDrawStyle.Points)
    .pointSize(8)
    .noValue('none in this range')
