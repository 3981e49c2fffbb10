/** The figures at the head of the fleet dashboard: how all containers of the selected hosts stand now. */
import { toDashboard } from '../links.ts'
import { tierColors } from '../parts/colors.ts'
import { alarm, figure } from '../parts/figure.ts'
import { now } from '../parts/query.ts'
import { hosts } from '../parts/selection.ts'
import { uids } from '../uids.ts'

const height = 4
const tiers = Object.keys(tierColors)

/** Containers at one of these tiers, for whatever resource. */
const at = (names: readonly string[]): string =>
  `group by (instance, name) (ALERTS{${hosts}, alertstate="firing", playbook!="", tier=~"${names.join('|')}"})`

/** How many containers have reached which tier. */
export function byTier() {
  const panel = figure(
    {
      title: 'Containers by tier reached',
      description:
        'Each container counts once, at the highest tier that it has reached for whatever resource. Source: ALERTS of Prometheus; all others from Docker inspect.',
      unit: 'none',
      width: 12,
      height,
    },
    now(
      `count(group by (instance, name) (pidwarden_container_info{${hosts}}) unless on (instance, name) ${at(tiers)}) or vector(0)`,
      'normal',
    ),
    ...tiers.map((tier, index) => {
      const higher = tiers.slice(index + 1)
      const without = higher.length === 0 ? '' : ` unless on (instance, name) ${at(higher)}`
      return now(`count(${at([tier])}${without}) or vector(0)`, tier)
    }),
  )
    .decimals(0)
    .overrideByName('normal', [{ id: 'color', value: { mode: 'fixed', fixedColor: 'green' } }])
  for (const [tier, color] of Object.entries(tierColors)) {
    panel.overrideByName(tier, [
      { id: 'color', value: { mode: 'fixed', fixedColor: color } },
      // None at a tier is no reason for its colour.
      { id: 'mappings', value: [{ type: 'value', options: { 0: { text: '0', color: 'text' } } }] },
    ])
  }
  return panel
}

/** How many incidents are open. */
export const incidents = () =>
  alarm(
    {
      title: 'Incidents',
      description:
        'Containers that have not recovered yet since an alert told of them. Source: the journal of pidwarden.',
      width: 4,
      height,
    },
    'orange',
    now(`count(group by (instance, name) (pidwarden_incident_active{${hosts}})) or vector(0)`, 'open'),
  ).dataLinks([toDashboard('Show the incidents', uids.remediation)])

/** How many containers wait for a person. */
export const persons = () =>
  alarm(
    {
      title: 'Need a person',
      description:
        'Containers that pidwarden has given up on, and leaves alone until somebody releases them. Source: the journal of pidwarden.',
      width: 4,
      height,
    },
    'red',
    now(`sum(pidwarden_manual_intervention_required{${hosts}}) or vector(0)`, 'waiting'),
  ).dataLinks([toDashboard('Show the incidents', uids.remediation)])

/** How many containers pidwarden is at work on. */
export const atWork = () =>
  alarm(
    {
      title: 'At work on',
      description: 'Containers that a run is at work on. Source: the journal of pidwarden.',
      width: 4,
      height,
    },
    'blue',
    now(`sum(pidwarden_remediation_in_progress{${hosts}}) or vector(0)`, 'at work'),
  ).dataLinks([toDashboard('Show the runs', uids.remediation)])

/** How many containers are in which mode. */
export function byMode() {
  const modes = ['observe', 'dry-run', 'enforce']
  return figure(
    {
      title: 'Containers by mode',
      description:
        'observe = counted, dry-run = planned and journaled, enforce = acted on. Source: configuration and labels of the containers.',
      unit: 'none',
      width: 12,
      height,
    },
    ...modes.map((mode) =>
      now(
        `count(group by (instance, name) (pidwarden_container_info{${hosts}, mode="${mode}"})) or vector(0)`,
        mode,
      ),
    ),
  ).decimals(0)
}

/** How many containers are not as they should be. */
export function unwell() {
  const count = (metric: string, matchers = '') => `sum(${metric}{${hosts}${matchers}}) or vector(0)`
  return alarm(
    {
      title: 'Containers that are not well',
      description:
        'missing = expected and not there, unhealthy = its health check fails, crashed = ended by itself with a failure, refused = it has labels that could not be understood. Source: configuration, State.Health, State.ExitCode and labels of Docker inspect.',
      width: 12,
      height,
    },
    'red',
    now(count('pidwarden_container_absent'), 'missing'),
    now(count('pidwarden_container_health', ', status="unhealthy"'), 'unhealthy'),
    now(count('pidwarden_container_crashed'), 'crashed'),
    now(`count(pidwarden_container_policy_errors{${hosts}} > 0) or vector(0)`, 'refused'),
  )
}
