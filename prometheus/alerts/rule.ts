/** What the rule files are made of. The words are those of Prometheus' documentation of rules. */
import type { Resource, Tier } from '../../src/census/presets.ts'

/** A rule that keeps the result of an expression under a name of its own: `level:metric:operation`. */
export interface RecordingRule {
  readonly record: string
  readonly expr: string
  /** Why, as a comment in the file. */
  readonly comment?: string
}

/** A rule that raises an alert. */
export interface AlertingRule {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly keep_firing_for?: string
  readonly labels: AlertLabels
  readonly annotations: Annotations
  readonly comment?: string
}

/** Labels that the rule itself gives; the rest comes with the series. No value ever stands in a label. */
export interface AlertLabels {
  readonly severity: 'info' | 'warning' | 'critical'
  readonly tier: Tier | 'normal'
  /** What it is about. */
  readonly resource: Resource | Subject
  /** Whom it is for, where no playbook answers it; see `levels`. */
  readonly level?: Level
}

/** What alerts for people are about, besides the resources that have tiers. */
export type Subject = 'policy' | 'remediation' | 'host' | 'monitoring'

/** People, by how many ought to know, as incidents have them: 1 nobody (log only), 2 operations, 3 engineering, 4 everybody, 5 a person must act. */
export type Level = '1' | '2' | '3' | '4' | '5'

/** What a person reads. */
export interface Annotations {
  /** One sentence, the same for all alerts of a group. */
  readonly summary: string
  /** Which one, and how much. */
  readonly description: string
  readonly value?: string
  readonly threshold?: string
  /** Path in the repository: messages put a base before it. */
  readonly runbook_url: string
  /** Path below Grafana's address. */
  readonly dashboard_url: string
}

/** Rules that are evaluated one after the other, and the file that they stand in. */
export interface Group {
  readonly name: string
  /** Stands at the head of the file. */
  readonly comment: string
  readonly rules: readonly (RecordingRule | AlertingRule)[]
}

/** What every series of a container has in common with every other one of the same container. */
export const same = 'on (job, instance, name)'

/** Where the runbook of an alert is. */
export const runbook = (alert: string): string => `docs/runbooks/${alert}.md`

const variables = (...labels: readonly string[]): string =>
  labels.map((label) => `var-${label}={{ $labels.${label} | urlquery }}`).join('&')

/** Links to the dashboards; labels that an alert lacks are empty in them, and Grafana then takes its default. */
export const dashboards = {
  container: `/d/pidwarden-container?${variables('job', 'instance', 'name')}`,
  fleet: `/d/pidwarden-fleet?${variables('job', 'instance')}`,
  remediation: `/d/pidwarden-remediation?${variables('job', 'instance')}`,
  itself: '/d/pidwarden-itself',
} as const

/** The info of containers that have opted in: of all others nobody asked to be told. */
export const optedIn = 'pidwarden_container_info{mode=~"dry-run|enforce"}'

/** `expr`, with the id of the container, which whoever acts goes by. Only the id: a label that can change would end one alert and start another. `info` may leave out containers. */
export const withId = (expr: string, info = 'pidwarden_container_info'): string => `(
${indented(expr)}
  * ${same} group_left (id)
    ${info}
)`

/** A word as it stands in the name of an alert. */
export const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`

/** Every line of `text`, `by` further to the right. */
export const indented = (text: string, by = 4): string => text.replaceAll(/^(?=.)/gm, ' '.repeat(by))

/** An alert for people: what differs between them. */
export interface ForPeople {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly keep_firing_for?: string
  readonly severity: AlertLabels['severity']
  readonly tier?: AlertLabels['tier']
  readonly resource: AlertLabels['resource']
  readonly level: Level
  readonly summary: string
  readonly description: string
  readonly dashboard: keyof typeof dashboards
  readonly comment?: string
}

/** An alert that no playbook answers. Its tier follows from its severity unless it says more. */
export function forPeople(given: ForPeople): AlertingRule {
  const { alert, expr, severity, resource, level, summary, description, dashboard } = given
  const tier = given.tier ?? (severity === 'info' ? 'normal' : severity)
  return {
    alert,
    expr,
    for: given.for,
    ...(given.keep_firing_for === undefined ? {} : { keep_firing_for: given.keep_firing_for }),
    labels: { severity, tier, resource, level },
    annotations: {
      summary,
      description,
      runbook_url: runbook(alert),
      dashboard_url: dashboards[dashboard],
    },
    ...(given.comment === undefined ? {} : { comment: given.comment }),
  }
}
