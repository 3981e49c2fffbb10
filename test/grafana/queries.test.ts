import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { filled, questions } from '../../grafana/queries.ts'
import { uids } from '../../grafana/uids.ts'
import { families } from '../support/families.ts'
import { ruleFiles } from '../support/rules.ts'
import { checker, root } from '../support/tools.ts'
import { generated } from './boards.ts'

const selection = { job: 'the-job', instance: '10.0.0.1:3001', name: 'the-name' }
const asked = questions(selection)

/**
 * What Prometheus and Alertmanager export of themselves comes under jobs of their own, so that a choice of pidwarden's
 * job and host would leave nothing. They are selected by name alone, and so are alerts about them.
 */
const oneself = /^(prometheus|alertmanager)_/

/** What Prometheus writes for each target and each alert, under the labels of the target or of the rule. */
const written =
  /^(up|scrape_duration_seconds|scrape_samples_scraped|scrape_series_added|ALERTS|ALERTS_FOR_STATE)$/

for (const { name, board, panels } of generated) {
  const queries = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
    ...board.annotations.list.map(({ name, target }) => ({ title: name, expr: target.expr })),
  ]
  const host =
    name === uids.container ? 'job="$job", instance="$instance"' : 'job="$job", instance=~"$instance"'

  t.test(`${name}: every query keeps to the selection`, async (t) => {
    for (const { title, expr } of queries) {
      for (const { metric, matchers } of selectors(expr)) {
        if (oneself.test(metric)) t.notMatch(matchers, '$', `${title}: ${metric} is of another job`)
        else if (matchers.includes('resource="monitoring"')) t.equal(title, 'Alerts about the monitoring')
        else t.ok(matchers.startsWith(host), `${title}: ${metric} of the selected hosts`)
        const ofContainer = /container|remediation_in|incident|manual|ALERTS/.test(metric)
        if (name === uids.container && ofContainer) t.match(matchers, 'name="$name"', `${title}: ${metric}`)
      }
    }
  })

  t.test(`${name}: rates of counters, over ranges of Grafana`, async (t) => {
    for (const { title, expr } of queries) {
      for (const [, fn, metric] of expr.matchAll(/\b(rate|irate|increase)\((\w+)/g)) {
        t.match(metric, /(_total|_sum|_count|_bucket)$/, `${title}: ${fn} of a counter`)
      }
      for (const [, fn, metric] of expr.matchAll(/\b(delta|deriv|changes)\((\w+)/g)) {
        t.notMatch(metric, /_total$/, `${title}: ${fn} of a gauge`)
      }
      for (const [range = ''] of expr.matchAll(/\[[^\]]+\](?: offset [$\w]+)?/g)) {
        t.match(
          range,
          /^(\[\$__rate_interval\]|\[\$__range\]|\[\$__range:15s\]|\[5m\] offset \$__range)$/,
          `${title}: ${range}`,
        )
      }
    }
  })

  t.test(`${name}: every threshold is the one that alerts`, async (t) => {
    const drawn = panels.flatMap(({ title, targets = [] }) =>
      targets.flatMap(({ expr, legendFormat }) =>
        legendFormat === '{{tier}} tier' ? [{ title, expr }] : [],
      ),
    )
    for (const { title, expr } of drawn) {
      t.match(expr, /^pidwarden_(container|host)_threshold\{[^}]*resource="\w+"\}$/, title)
    }
    for (const { title, fieldConfig } of panels) {
      const steps = JSON.stringify(fieldConfig).match(/"steps":(\[.*?\])/)?.[1]
      if (steps === undefined) continue
      const [none, one, ...others] = JSON.parse(steps)
      t.match(
        [none, one, others],
        [{ value: null }, { value: 1 }, []],
        `${title}: only one or none is told apart`,
      )
    }
  })
}

t.test('the thresholds of every resource that has a graph', async (t) => {
  const resources = (uid: string) =>
    asked
      .filter(({ dashboard }) => dashboard === uid)
      .flatMap(({ expr }) => /^pidwarden_\w+_threshold\{.*resource="(\w+)"\}$/.exec(expr)?.[1] ?? [])
      .sort()
  t.same(resources(uids.container), [
    'cpu',
    'duplicates',
    'memory',
    'orphans',
    'pids',
    'processes',
    'startup',
    'zombies',
  ])
  t.same(resources(uids.fleet), ['cpu', 'memory', 'pressure', 'tasks'])
})

t.test('every metric is exported or recorded by somebody', async (t) => {
  const exported = new Set(await families())
  const recorded = new Set(await recordings())
  for (const { dashboard, panel, expr } of asked) {
    for (const { metric } of selectors(expr)) {
      if (oneself.test(metric) || written.test(metric)) continue
      const family = metric.replace(/_(bucket|sum|count)$/, '')
      const known = exported.has(metric) || exported.has(family) || recorded.has(metric)
      t.ok(known, `${dashboard}: ${panel}: ${metric}`)
    }
  }
})

t.test('every query is valid PromQL', async (t) => {
  const promtool = await checker(t, 'promtool')
  if (!promtool) return
  const rules = asked.map(({ expr }, index) => ({ record: `panel:query:${index}`, expr }))
  const dir = t.testdir({ 'rules.yml': stringify({ groups: [{ name: 'queries', rules }] }) })
  const said = await promtool('check', 'rules', join(dir, 'rules.yml'))
  t.equal(said.code, 0, said.output)
  t.match(said.output, `${asked.length} rules found`)
})

t.test('the list of queries holds every one of them, filled in', async (t) => {
  const written = generated.flatMap(({ text }) => [
    ...text.matchAll(/"expr": "/g),
    ...text.matchAll(/label_values\(/g),
  ])
  t.equal(asked.length, written.length)
  for (const { dashboard, panel, expr } of asked) {
    t.ok(Object.values<string>(uids).includes(dashboard))
    t.notMatch(expr, '$__', panel)
    t.notMatch(expr.replaceAll('"$1"', ''), '$', `${panel}: nothing is left to fill in`)
  }
  for (const panel of ['annotation Restarts', 'variable name', 'Commands', 'On fire']) {
    t.ok(
      asked.some((one) => one.panel === panel),
      panel,
    )
  }
  t.match(
    asked.find(({ panel }) => panel === 'Commands'),
    { dashboard: uids.container, instant: true, emptyWhenHealthy: undefined },
  )
  t.match(
    asked.find(({ panel }) => panel === 'Duplicates by command'),
    { instant: false, emptyWhenHealthy: 'nothing runs more often than it may' },
  )
})

t.test('values are filled in as Grafana does', async (t) => {
  t.equal(
    filled('m{job="$job", instance=~"$instance"}[$__rate_interval]', selection),
    'm{job="the-job", instance=~"10\\\\.0\\\\.0\\\\.1:3001"}[1m]',
    'a regular expression is quoted',
  )
  t.equal(
    filled('m{instance="$instance", name="$name"}[$__range] offset $__interval', {
      ...selection,
      range: '5m',
    }),
    'm{instance="10.0.0.1:3001", name="the-name"}[5m] offset 15s',
  )
})

/** The names of all series that the shipped rules record. */
async function recordings(): Promise<string[]> {
  const texts = await Promise.all((await ruleFiles()).map((file) => readFile(join(root, file), 'utf8')))
  return texts.flatMap((text) => [...text.matchAll(/- record: (\S+)/g)].map(([, name = '']) => name))
}

/** Metrics with what they are selected by; nothing where one is selected by its name alone. */
function selectors(expr: string): { metric: string; matchers: string }[] {
  const words = expr.replaceAll(/"[^"]*"/g, (text) => '"'.concat('_'.repeat(text.length - 2), '"'))
  const found = [
    ...words.matchAll(/[a-zA-Z_][\w:]*(?=\{)|\b(?:prometheus|alertmanager|pidwarden)_\w+(?![\w{])/g),
  ]
  return found.map((match) => {
    const from = match.index + match[0].length
    const matchers = words[from] === '{' ? expr.slice(from + 1, words.indexOf('}', from)) : ''
    return { metric: match[0], matchers }
  })
}
