import { tiers } from '../../../src/census/presets.ts'
import { table } from '../table.ts'
import { forPeople, tierRule } from './catalogue.ts'
import { reasonTable } from './reasons.ts'
import { texts } from './resources.ts'

const link = (alert: string): string => `[${alert}](${alert}.md)`

/** The index of all runbooks and the table of reasons. `sentenceOf`: the line below the title of an alert's page. */
export function indexPart(sentenceOf: (alert: string) => string): string {
  const groups = forPeople.map(({ title, alerts }) => {
    const rows = alerts.map(({ alert, severity, level }) => [link(alert), severity, level, sentenceOf(alert)])
    return `### ${title}\n\n${table(['alert', 'severity', 'level', 'says'], rows)}`
  })
  const rows = texts.flatMap(({ resource, sentence }) =>
    tiers.map((tier) => {
      const { alert, labels } = tierRule(resource, tier)
      return [link(alert), labels.severity, tier, sentence(tier)]
    }),
  )
  const incident = 'PidwardenIncident'
  return [
    '## Alerts for people',
    'Levels: 1 the log only, 2 operations, 3 engineering, 4 everybody, 5 a person must act.',
    '### What pidwarden tells itself',
    table(
      ['alert', 'severity', 'level', 'says'],
      [[link(incident), 'warning up to level 2, then critical', '1 to 5', sentenceOf(incident)]],
    ),
    ...groups,
    '## Tier alerts: a playbook answers them',
    table(['alert', 'severity', 'tier', 'says'], rows),
    '## What the reasons mean',
    'Every run and every step ends with an outcome and a reason; the same words stand in the log, the journal and the label `reason` of `pidwarden_runs_total`.',
    reasonTable(),
  ].join('\n\n')
}
