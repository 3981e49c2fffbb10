import { groups } from '../../../prometheus/alerts/index.ts'
import type { AlertingRule, Group } from '../../../prometheus/alerts/rule.ts'
import type { Resource, Tier } from '../../../src/census/presets.ts'

const alertsIn = ({ rules }: Group): readonly AlertingRule[] => rules.filter((rule) => 'alert' in rule)

/** The titles of the groups of alerts for people, by the names of their groups. */
const titles: Readonly<Record<string, string>> = {
  'pidwarden-growth': 'Growth',
  'pidwarden-limits': 'Limits',
  'pidwarden-lifecycle': 'Lifecycle',
  'pidwarden-remediation': 'Remediation',
  'pidwarden-host': 'The host',
  'pidwarden-itself': 'pidwarden itself',
}

/** An alert that no playbook answers. */
export interface Listed {
  readonly alert: string
  readonly severity: string
  readonly level: string
}

/** The alerts for people as the rules have them, group by group. */
export const forPeople: readonly { readonly title: string; readonly alerts: readonly Listed[] }[] =
  groups.flatMap((group) => {
    const alerts = alertsIn(group).flatMap(({ alert, labels: { severity, level } }) =>
      level === undefined ? [] : [{ alert, severity, level }],
    )
    return alerts.length > 0 ? [{ title: titles[group.name] ?? group.name, alerts }] : []
  })

/** The rule of a tier of a resource. Throws where there is none: the page would be about nothing. */
export function tierRule(resource: Resource, tier: Tier): AlertingRule {
  const found = groups
    .flatMap(alertsIn)
    .find(({ labels }) => labels.level === undefined && labels.resource === resource && labels.tier === tier)
  if (found === undefined) throw new Error(`there is no alert for the ${tier} tier of ${resource}`)
  return found
}
