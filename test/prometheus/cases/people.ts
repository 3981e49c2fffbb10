/** Cases of alerts that no playbook answers. */
import type { AlertCase } from '../alert-case.ts'
import { id, type Labels } from '../series.ts'
import { annotations, type Dashboard } from './words.ts'

/** What differs between them. */
export interface ForPeople extends Omit<AlertCase, 'labels' | 'annotations'> {
  readonly severity: 'info' | 'warning' | 'critical'
  /** As severe as the alert is, unless said otherwise. */
  readonly tier?: string
  readonly resource: string
  readonly level: string
  /** Of the series: where it is, and whatever else the alert keeps of it. */
  readonly of: Labels
  readonly description: string
  readonly dashboard: Dashboard
}

const target = { job: 'pidwarden', instance: 'host-a:3001' }

/** Labels of an alert about pidwarden or its host. */
export const aHost: Labels = target
/** Labels of an alert about a container's name. */
export const aName: Labels = { ...target, name: 'metamcp' }
/** Labels of an alert about a container. */
export const aContainer: Labels = { ...aName, id }

/** The case with all that the alert says. */
export function forPeople(given: ForPeople): AlertCase {
  const { severity, tier = severity, resource, level, of, description, dashboard, ...rest } = given
  const labels = { severity, tier, resource, level, ...of }
  return { ...rest, labels, annotations: annotations(given.alert, labels, dashboard, { description }) }
}
