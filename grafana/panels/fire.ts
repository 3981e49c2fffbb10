/** Panels about what is on fire: alerts that fire, and containers that are not as they should be. */
import { fromRow } from '../links.ts'
import { levelWords, tierWords } from '../parts/colors.ts'
import { rows } from '../parts/query.ts'
import { hosts } from '../parts/selection.ts'
import { rowsOf } from '../parts/table.ts'

/** Alerts about a tier of a container. Alerts for people name no playbook. */
const firing = (tier: string): string => `ALERTS{${hosts}, alertstate="firing", playbook!="", tier="${tier}"}`

/** The highest tier of each resource of each container. */
const highest = ['nuclear', 'emergency', 'critical', 'warning']
  .map(firing)
  .join(' or on (job, instance, name, resource) ')

const since = (labels: string, selector: string): string =>
  `max by (${labels}) (time() - ALERTS_FOR_STATE{${selector}})`

/** What playbooks are called for now. */
export const tiers = () =>
  rowsOf(
    {
      title: 'On fire',
      description:
        'Tier alerts that fire, the highest tier of each resource of each container, with the playbook that it calls for and how long the tier has been reached. Source: ALERTS and ALERTS_FOR_STATE of Prometheus.',
      width: 24,
      height: 7,
    },
    { by: 'Firing for', descending: true },
    [
      { from: 'name', title: 'Container', link: fromRow },
      { from: 'instance', title: 'Host' },
      { from: 'resource', title: 'Resource' },
      { from: 'tier', title: 'Tier', mappings: tierWords },
      { from: 'playbook', title: 'Playbook' },
      { from: 0, title: 'Firing for', unit: 's', decimals: 0 },
    ],
    rows(
      `${since('instance, name, resource, tier, playbook', `${hosts}, playbook!=""`)} and on (instance, name, resource, tier) (${highest})`,
    ).emptyWhenHealthy('no container has reached a tier'),
  )

/** What people are told besides. */
export const people = () =>
  rowsOf(
    {
      title: 'Alerts for people',
      description:
        'Alerts that no playbook answers, except those that only inform, and how long they have been firing. Alerts about Prometheus and Alertmanager are on pidwarden / Itself. Source: ALERTS and ALERTS_FOR_STATE of Prometheus.',
      width: 24,
      height: 7,
    },
    { by: 'Firing for', descending: true },
    [
      { from: 'alertname', title: 'Alert' },
      { from: 'instance', title: 'Host' },
      { from: 'name', title: 'Container', link: fromRow },
      { from: 'level', title: 'Told to', mappings: levelWords },
      { from: 0, title: 'Firing for', unit: 's', decimals: 0 },
    ],
    rows(
      `${since('alertname, instance, name, level', `${hosts}, playbook="", severity!="info"`)} and on (alertname, instance, name, level) ALERTS{${hosts}, alertstate="firing", playbook="", severity!="info"}`,
    ).emptyWhenHealthy('no alert fires'),
  )

const trouble = (expr: string, word: string): string =>
  `label_replace(max by (instance, name) (${expr} == 1), "trouble", "${word}", "", "")`

/** Containers that are missing, unhealthy or crashed. */
export const troubled = () =>
  rowsOf(
    {
      title: 'Missing, unhealthy, crashed',
      description:
        'Containers that the configuration expects and that do not run, whose health check fails, or that ended by themselves with a failure. Source: the configuration, State.Health, State.ExitCode and events of Docker.',
      width: 12,
      height: 7,
    },
    { by: 'Container' },
    [
      { from: 'name', title: 'Container', link: fromRow },
      { from: 'instance', title: 'Host' },
      { from: 'trouble', title: 'Trouble' },
    ],
    rows(
      [
        trouble(`pidwarden_container_absent{${hosts}}`, 'missing'),
        trouble(`pidwarden_container_health{${hosts}, status="unhealthy"}`, 'unhealthy'),
        trouble(`pidwarden_container_crashed{${hosts}}`, 'crashed'),
      ].join(' or '),
    ).emptyWhenHealthy('every container is as it should be'),
  )
