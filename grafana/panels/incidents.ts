/** Panels about incidents: from the first alert until a container has recovered. */
import { fromRow, fromSeries } from '../links.ts'
import { bars } from '../parts/bars.ts'
import { coded, decoded, incidentTiers } from '../parts/codes.ts'
import { bad, tierWords, words } from '../parts/colors.ts'
import { word } from '../parts/figure.ts'
import { now, over, rows } from '../parts/query.ts'
import { hosts } from '../parts/selection.ts'
import { rowsOf } from '../parts/table.ts'
import { timeline } from '../parts/timeline.ts'

/** A row for hosts where there is nothing to tell of, or the timeline would be empty and look broken. */
const quiet = (what: string): string =>
  `or on (instance) label_replace(max by (instance) (0 * up{${hosts}}), "name", "${what}", "", "")`

/** Incidents that are not over. */
export const open = () =>
  rowsOf(
    {
      title: 'Open incidents',
      description:
        'Containers that have not recovered yet, the highest tier that an alert told of, and who has to act. Source: the journal of pidwarden.',
      width: 12,
      height: 7,
    },
    { by: 'Who acts', descending: true },
    [
      { from: 'name', title: 'Container', link: fromRow },
      { from: 'instance', title: 'Host' },
      { from: 'tier', title: 'Tier', mappings: tierWords },
      {
        from: 0,
        title: 'Who acts',
        mappings: words({
          1: { text: 'pidwarden', color: 'blue' },
          2: { text: 'a person must', color: 'red' },
        }),
      },
    ],
    rows(
      `sum by (instance, name, tier) (pidwarden_incident_active{${hosts}} + on (job, instance, name) group_left pidwarden_manual_intervention_required{${hosts}})`,
    ).emptyWhenHealthy('no incident is open'),
  )

/** Whether acting was stopped. */
export const acting = () =>
  word(
    {
      title: 'Acting',
      description:
        'Whether a person has stopped all acting (POST /api/stop); counting goes on. Source: the journal of pidwarden.',
      width: 6,
      height: 4,
    },
    bad('stopped', 'allowed'),
    now(`pidwarden_acting_stopped{${hosts}}`, '{{instance}}'),
  )

/** When which incident was open, and how bad it was. */
export const course = () =>
  timeline(
    {
      title: 'Incidents over time',
      description:
        'From the first alert until the container has recovered, by the highest tier that an alert told of: the length of a bar is the time to recover. Source: the journal of pidwarden.',
      width: 24,
      height: 7,
    },
    decoded(incidentTiers, 'none'),
    over(
      `max by (instance, name) (${coded('pidwarden_incident_active', hosts, incidentTiers)}) ${quiet('no incident')}`,
      '{{name}} on {{instance}}',
    ),
  )

/** When a person was needed. */
export const persons = () =>
  timeline(
    {
      title: 'A person was needed',
      description:
        'When pidwarden had given up on a container, and left it alone. Source: the journal of pidwarden.',
      width: 12,
      height: 6,
    },
    words({ 1: { text: 'a person must act', color: 'red' }, 0: { text: 'no', color: 'green' } }),
    over(
      `max by (instance, name) (pidwarden_manual_intervention_required{${hosts}}) ${quiet('no incident')}`,
      '{{name}} on {{instance}}',
    ),
  )

/** When pidwarden was at work. */
export const work = () =>
  timeline(
    {
      title: 'pidwarden was at work',
      description: 'From the beginning of a run to its verdict. Source: the journal of pidwarden.',
      width: 12,
      height: 6,
    },
    words({ 1: { text: 'at work', color: 'blue' }, 0: { text: 'idle', color: 'green' } }),
    over(
      `max by (instance, name) (pidwarden_remediation_in_progress{${hosts}}) ${quiet('no run')}`,
      '{{name}} on {{instance}}',
    ),
  )

/** Who was unwell for how long. */
export const longest = () =>
  bars(
    {
      title: 'Time with an open incident',
      description:
        'How long each container had an open incident within the range, measured every 15 seconds. Source: the journal of pidwarden.',
      unit: 's',
      width: 12,
      height: 7,
    },
    now(
      `sort_desc(15 * sum_over_time((max by (instance, name) (pidwarden_incident_active{${hosts}}))[$__range:15s]))`,
      '{{name}} on {{instance}}',
    ).emptyWhenHealthy('no incident was open'),
  )
    .decimals(0)
    .dataLinks([fromSeries])
