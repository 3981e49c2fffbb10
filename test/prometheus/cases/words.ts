/** What every alert says besides its description. */
import { alerts } from '../../support/rules.ts'
import type { Labels } from '../series.ts'

const summaries = new Map(
  (await alerts()).map(({ alert, annotations }) => [alert, annotations.summary ?? '']),
)

const variables = (labels: Labels, names: readonly string[]): string =>
  names.map((name) => `var-${name}=${encodeURIComponent(labels[name] ?? '')}`).join('&')

const dashboards = {
  container: ['job', 'instance', 'name'],
  fleet: ['job', 'instance'],
  remediation: ['job', 'instance'],
  itself: [],
} as const satisfies Record<string, readonly string[]>

/** A dashboard. */
export type Dashboard = keyof typeof dashboards

/**
 * All annotations of an alert. The summary is that of its rule, which has no template in it; the rest is made here from
 * the labels that the alert must have.
 */
export function annotations(
  alert: string,
  labels: Labels,
  dashboard: Dashboard,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = dashboards[dashboard]
  return {
    summary: summaries.get(alert) ?? `there is no rule ${alert}`,
    runbook_url: `docs/runbooks/${alert}.md`,
    dashboard_url: `/d/pidwarden-${dashboard}${names.length > 0 ? `?${variables(labels, names)}` : ''}`,
    ...more,
  }
}
