// What all rules have in common: their names, their labels, what they say, and what they may ask for.
import t from 'tap'
import { presetNames, resources, tiers } from '../../src/census/presets.ts'
import { createPlaybooks } from '../../src/remediation/playbooks/book.ts'
import { families } from '../support/families.ts'
import { tiersOf } from '../support/preset-tables.ts'
import { type Alert, acting, alerts, readingOf, recordings } from '../support/rules.ts'

const all = await alerts()
const recorded = await recordings()
const forPeople = all.filter((rule) => !acting(rule))
const ofTiers = all.filter(acting)
const bare = (expr: string): string => expr.replaceAll(/\s+/g, ' ')

t.test('names', async (t) => {
  t.equal(new Set(all.map(({ alert }) => alert)).size, all.length, 'of alerts are unique')
  t.equal(
    new Set(recorded.map(({ record }) => record)).size,
    recorded.length,
    'of recording rules are unique',
  )
  for (const { alert } of all) t.match(alert, /^Pidwarden([A-Z][a-z]+)+$/)
  for (const { record } of recorded) {
    t.match(record, /^instance(_name)?:pidwarden_[a-z_]+:(rate|deriv)?[a-z0-9_]+$/, 'level:metric:operations')
    t.notMatch(record, /_total/, 'a rate is no counter')
  }
})

const severityOf: Readonly<Record<string, string>> = {
  normal: 'info',
  warning: 'warning',
  critical: 'critical',
  emergency: 'critical',
  nuclear: 'critical',
}
const subjects = [...resources, 'policy', 'remediation', 'host', 'monitoring'] as const

for (const rule of all) {
  const { alert, expr, labels, annotations } = rule
  t.test(alert, async (t) => {
    t.strictSame(
      Object.keys(labels).sort(),
      ['severity', 'tier', 'resource', ...(acting(rule) ? [] : ['level'])].sort(),
      'has labels for routing, and no others',
    )
    t.equal(labels.severity, severityOf[labels.tier ?? ''], 'is as severe as its tier')
    t.ok(
      subjects.some((subject) => subject === labels.resource),
      'is about something that is known',
    )
    t.notMatch(Object.values(labels).join(), /\{\{/, 'has no value in its labels')
    t.equal(acting(rule), expr.includes('group_left (playbook)'), 'calls for a playbook or for people')
    t.match(annotations.summary, /^[^{}]+[^{}.]\.$/, 'has a summary that is the same for the whole group')
    t.notMatch(annotations.summary, /\. /, 'which is one sentence')
    t.match(annotations.description, /\{\{.+\.$/, 'has a description that says which one')
    t.equal(annotations.runbook_url, `docs/runbooks/${alert}.md`)
    t.match(annotations.dashboard_url, /^\/d\/pidwarden-(container|fleet|remediation|itself)(\?|$)/)
    t.strictSame(
      Object.keys(annotations).sort(),
      [
        'dashboard_url',
        'description',
        'runbook_url',
        'summary',
        ...(acting(rule) ? ['threshold', 'value'] : []),
      ].sort(),
    )
  })
}

t.test('alerts for people say whom they are for', async (t) => {
  for (const { alert, labels } of forPeople) {
    t.match(labels.level, /^[1-5]$/, alert)
    t.equal(labels.level === '1', labels.severity === 'info', `${alert}: the log only, or somebody`)
  }
  t.strictSame(
    forPeople.filter(({ labels }) => labels.level === '5').map(({ alert }) => alert),
    ['PidwardenManualInterventionRequired'],
  )
})

t.test('there are an alert for each tier of each resource, and no number in them', async (t) => {
  t.strictSame(
    ofTiers.map(({ labels }) => `${labels.resource} ${labels.tier}`),
    resources.toSorted().flatMap((resource) => tiers.map((tier) => `${resource} ${tier}`)),
    'in the order of their files',
  )
  for (const rule of ofTiers) {
    const { resource, tier } = rule.labels
    const { alert, expr, annotations } = rule
    t.equal(alert.toLowerCase(), `pidwarden${resource}${tier}`)
    const numbers = bare(expr).replaceAll(/:rate\d+m\b|\{state="running"\} == 1/g, '')
    t.notMatch(numbers, /\d/, `${alert} holds no number`)
    t.match(
      bare(expr),
      /\* on \(job, instance, name\) group_left \(id\) pidwarden_container_info \)/,
      `${alert}: the id comes from the info metric, and nothing else does`,
    )
    t.ok(
      bare(expr).endsWith(
        `>= on (job, instance, name) group_left (playbook) pidwarden_container_threshold{resource="${resource}", tier="${tier}"}`,
      ),
      `${alert}: at or above its own threshold, which brings the playbook`,
    )
    t.equal(annotations.value, '{{ $value }}')
    t.match(annotations.threshold ?? '', `resource="${resource}",tier="${tier}"`, 'quotes its own threshold')
    t.ok(annotations.description?.endsWith(` ${annotations.threshold}.`), 'and says it in words')
    t.match(annotations.dashboard_url, /^\/d\/pidwarden-container\?var-job=.*&var-instance=.*&var-name=/)
  }
})

t.test('the higher a tier, the less it waits', async (t) => {
  const seconds = ({ for: waits = '0s' }: Alert): number =>
    Number.parseInt(waits, 10) * (waits.endsWith('m') ? 60 : 1)
  for (const resource of resources) {
    const waits = ofTiers.filter(({ labels }) => labels.resource === resource).map(seconds)
    t.strictSame(
      waits,
      waits.toSorted((a, b) => b - a),
      resource,
    )
  }
  t.strictSame(
    [...new Set(ofTiers.map(({ labels, keep_firing_for }) => `${labels.tier} ${keep_firing_for}`))],
    ['warning 30s', 'critical undefined', 'emergency undefined', 'nuclear undefined'],
    'only the lowest goes on for a moment: one that acts ends with its reason',
  )
})

t.test('only metrics that exist', async (t) => {
  const known = new Set([...(await families()), ...recorded.map(({ record }) => record), 'up'])
  // Of programs of others: each is named here, so that a typing error is none of them.
  const others = [
    'alertmanager_notifications_failed_total',
    'alertmanager_config_last_reload_successful',
    'prometheus_config_last_reload_successful',
    'prometheus_notifications_errors_total',
    'prometheus_notifications_dropped_total',
    'prometheus_rule_evaluation_failures_total',
  ]
  for (const rule of [...all, ...recorded]) {
    const { metrics } = readingOf(rule.expr)
    t.strictSame(
      metrics.filter((name) => !known.has(name) && !others.includes(name)),
      [],
      'alert' in rule ? rule.alert : rule.record,
    )
  }
})

t.test('aggregations and joins keep the labels of targets', async (t) => {
  for (const rule of [...all, ...recorded]) {
    const name = 'alert' in rule ? rule.alert : rule.record
    t.notMatch(rule.expr, /\bby\s*\(/, `${name}: without, not by`)
    for (const [said] of bare(rule.expr).matchAll(/([-+*/<>]|[<>=!]=) on \([^)]*\)(?! group_left)/g)) {
      t.fail(`${name}: ${said} keeps nothing but these labels`)
    }
  }
})

t.test('nothing that Prometheus 2.42 does not know', async (t) => {
  const known = [
    ...['absent', 'changes', 'deriv', 'increase', 'max_over_time', 'min_over_time', 'predict_linear'],
    ...['present_over_time', 'rate', 'round', 'time', 'vector', 'count', 'max', 'min', 'sum'],
  ]
  for (const rule of [...all, ...recorded]) {
    t.strictSame(
      readingOf(rule.expr).functions.filter((name) => !known.includes(name)),
      [],
      'alert' in rule ? rule.alert : rule.record,
    )
  }
})

t.test('every playbook that a preset names may be called for its tier', async (t) => {
  const playbooks = createPlaybooks()
  for (const preset of presetNames) {
    for (const [key, said] of Object.entries(tiersOf(preset))) {
      const playbook = playbooks.find(said.split(' ')[1] ?? '')
      const tier = tiers.find((one) => key.endsWith(` ${one}`))
      const resource = resources.find((one) => key.startsWith(`${one} `))
      t.ok(tier && resource && playbook?.isFor(tier, resource), `${preset}: ${key} ${said}`)
    }
  }
})

t.test('what pidwarden must never act on has no playbook, and no way to get one', async (t) => {
  for (const { alert, expr } of forPeople) t.notMatch(expr, /group_left \([^)]*playbook/, alert)
})
