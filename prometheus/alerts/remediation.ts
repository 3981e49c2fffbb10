/** What becomes of healing: for people, because pidwarden has done what it can. */
import { forPeople, type Group, optedIn, same } from './rule.ts'

/** All alerts about it. */
export const remediation: Group = {
  name: 'pidwarden-remediation',
  comment: 'What becomes of healing. For people: pidwarden has done what it can.',
  rules: [
    forPeople({
      alert: 'PidwardenRemediationInProgress',
      comment: 'For Alertmanager alone: while it fires, people are not told again what they know.',
      expr: 'pidwarden_remediation_in_progress == 1',
      for: '0s',
      severity: 'info',
      resource: 'remediation',
      level: '1',
      summary: 'pidwarden is at work on a container.',
      description: 'A run is at work on container {{ $labels.name }} on {{ $labels.instance }}.',
      dashboard: 'remediation',
    }),
    forPeople({
      alert: 'PidwardenRemediationFailing',
      expr: 'increase(instance:pidwarden_runs_failed:sum[15m]) > 0',
      for: '0s',
      severity: 'critical',
      resource: 'remediation',
      level: '3',
      summary: 'Runs of pidwarden fail.',
      description:
        'About {{ $value | printf "%.0f" }} runs of pidwarden at {{ $labels.instance }} failed or were interrupted within a quarter of an hour. GET /api/runs says why.',
      dashboard: 'remediation',
    }),
    forPeople({
      alert: 'PidwardenRemediationIneffective',
      expr: 'round(increase(instance:pidwarden_runs_unhelpful:sum[1h])) >= 3',
      for: '0s',
      keep_firing_for: '10m',
      severity: 'warning',
      resource: 'remediation',
      level: '3',
      summary: 'What pidwarden does does not help.',
      description:
        '{{ $value }} runs of pidwarden at {{ $labels.instance }} did not help within an hour, or things were worse afterwards. Something leaks that it may not end.',
      dashboard: 'remediation',
    }),
    forPeople({
      alert: 'PidwardenRemediationStuck',
      expr: 'pidwarden_remediation_in_progress == 1',
      for: '10m',
      severity: 'critical',
      resource: 'remediation',
      level: '3',
      summary: 'A run of pidwarden does not come to an end.',
      description:
        'A run has been at work on container {{ $labels.name }} on {{ $labels.instance }} for ten minutes without a pause: it does not come to an end, or one run follows the other.',
      dashboard: 'remediation',
    }),
    forPeople({
      alert: 'PidwardenIncidentUnresolved',
      comment: 'Whatever tier it has come to meanwhile. Only containers that have opted in.',
      expr: `max without (tier) (pidwarden_incident_active) == 1
and ${same}
  ${optedIn}`,
      for: '1h',
      severity: 'warning',
      resource: 'remediation',
      level: '2',
      summary: 'An incident has been open for an hour.',
      description:
        'The incident of container {{ $labels.name }} on {{ $labels.instance }} has been open for an hour. GET /api/incidents says what it waits for.',
      dashboard: 'remediation',
    }),
    forPeople({
      alert: 'PidwardenManualInterventionRequired',
      expr: 'pidwarden_manual_intervention_required == 1',
      for: '0s',
      severity: 'critical',
      tier: 'nuclear',
      resource: 'remediation',
      level: '5',
      summary: 'pidwarden has given up on a container, and a person must act.',
      description:
        'What was done for container {{ $labels.name }} on {{ $labels.instance }} did not help, and pidwarden leaves it alone. GET /api/incidents says what was tried. End the leak, then POST /api/containers/{{ $labels.name }}/release.',
      dashboard: 'container',
    }),
    forPeople({
      alert: 'PidwardenActingStopped',
      expr: 'pidwarden_acting_stopped == 1',
      for: '1h',
      severity: 'warning',
      resource: 'remediation',
      level: '2',
      summary: 'Somebody has stopped all acting of pidwarden an hour ago.',
      description:
        'pidwarden at {{ $labels.instance }} has only counted for an hour, because a person has stopped it. GET /api/health says why; POST /api/resume goes on.',
      dashboard: 'remediation',
    }),
  ],
}
