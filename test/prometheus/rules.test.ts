import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { acting, alerts, ruleFiles } from '../support/rules.ts'
import { checker, root } from '../support/tools.ts'

const testFiles = (await readdir(join(root, 'prometheus/tests'))).map((file) => `prometheus/tests/${file}`)
const all = await alerts()
const tiers = ['warning', 'critical', 'emergency', 'nuclear']

t.test('promtool', async (t) => {
  const promtool = await checker(t, 'promtool')
  if (!promtool) return
  for (const [what, args] of Object.entries({
    'accepts the configuration': ['check', 'config', 'prometheus/prometheus.yml'],
    'finds nothing to complain about in the rules': [
      'check',
      'rules',
      '--lint=all',
      '--lint-fatal',
      ...(await ruleFiles()),
    ],
    'passes the unit tests': ['test', 'rules', ...testFiles],
  })) {
    const said = await promtool(...args)
    t.equal(said.code, 0, what, { said: said.output })
  }
})

t.test('the intervals are those that the reaction time was measured with', async (t) => {
  const { global } = parse(await readFile(join(root, 'prometheus/prometheus.yml'), 'utf8'))
  t.match(global, { scrape_interval: '5s', evaluation_interval: '5s' })
  t.equal(global.external_labels, undefined, 'labels of the outside would change every fingerprint')
})

t.test('every alert is named, ranked, explained and tested', async (t) => {
  const tested = (await Promise.all(testFiles.map((file) => readFile(join(root, file), 'utf8')))).join()
  for (const { alert, labels, annotations } of all) {
    t.match(alert, /^Pidwarden[A-Z][A-Za-z]+$/)
    t.match(labels.severity, /^(warning|critical)$/, `${alert} has a severity`)
    t.match(annotations.summary, /^[^{}]+\.$/, `${alert} has a summary that is the same for the whole group`)
    t.match(annotations.description, /\{\{.+\.$/, `${alert} has a description that says which one`)
    t.notMatch(JSON.stringify(labels), /\{\{/, `${alert} has no value in its labels`)
    t.ok(tested.includes(`alertname: ${alert}\n`), `${alert} has a unit test of its annotations`)
  }
  t.equal(new Set(all.map(({ alert }) => alert)).size, all.length, 'no name is used twice')
})

for (const rule of all.filter(acting)) {
  const { alert, expr, labels, annotations } = rule
  const { tier, resource, severity } = labels
  t.test(`${alert} can be acted on`, async (t) => {
    t.match(
      expr.replaceAll(/\s+/g, ' '),
      /\* on \(job, instance, name\) group_left \(id\) pidwarden_container_info \)/,
      'the id comes from the info metric, and nothing else does',
    )
    t.ok(
      expr
        .replaceAll(/\s+/g, ' ')
        .includes(
          `>= on (job, instance, name) group_left (playbook) pidwarden_container_threshold{resource="${resource}", tier="${tier}"}`,
        ),
      'at or above its own threshold, which brings the playbook',
    )
    t.notMatch(expr, /\d/, 'the rule holds no number')
    t.equal(alert.toLowerCase(), `pidwarden${resource}${tier}`)
    t.equal(severity, tier === 'warning' ? 'warning' : 'critical')
    t.ok(tiers.includes(tier ?? ''))
    t.match(annotations.threshold ?? '', `resource="${resource}",tier="${tier}"`, 'quotes its own threshold')
    t.ok(annotations.description?.includes(`${annotations.threshold}.`), 'says it in words as well')
    t.equal(annotations.value, '{{ $value }}')
    t.match(annotations.dashboard_url, /^\/d\/pidwarden-container\?var-job=.*&var-instance=.*&var-name=/)
    if (tier !== 'warning') t.equal(rule.for, '0s', 'an acting tier does not wait')
  })
}

t.test('each resource has every tier', async (t) => {
  for (const resource of new Set(all.filter(acting).map(({ labels }) => labels.resource))) {
    t.same(
      all.filter(({ labels }) => labels.resource === resource).map(({ labels }) => labels.tier),
      tiers,
      String(resource),
    )
  }
})

t.test('alerts about the monitoring itself can never start a playbook', async (t) => {
  for (const { alert, expr, labels } of all.filter((rule) => !acting(rule))) {
    t.notMatch(`${expr}${Object.keys(labels)}`, /playbook|\bid\b|pidwarden_container_/, alert)
  }
})
