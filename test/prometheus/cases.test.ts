// Every shipped rule against series that were made up for it: see cases/.
import t from 'tap'
import { emptyFolder } from '../support/folder.ts'
import { alerts, type Reading, readingOf, recordings } from '../support/rules.ts'
import { checker } from '../support/tools.ts'
import { topics } from './cases/index.ts'
import { type Kind, nameOf, runTopic } from './unit-test.ts'

const tests = topics.flatMap((topic) => topic.tests)

t.test('promtool', async (t) => {
  const promtool = await checker(t, 'promtool')
  if (promtool === undefined) return
  const folder = emptyFolder(t)
  t.jobs = 2
  for (const topic of topics) {
    t.test(topic.name, { buffered: true }, async (t) => {
      const said = await runTopic(topic, folder, promtool)
      for (const test of topic.tests) t.notOk(said.failed(test), nameOf(test))
      t.equal(said.code, 0, 'promtool is content', { said: said.output })
    })
  }
})

t.test('no two tests have the same name', async (t) => {
  t.equal(new Set(tests.map(nameOf)).size, tests.length)
})

const recorded = new Map((await recordings()).map(({ record, expr }) => [record, readingOf(expr)]))
const overTime = new Set([
  'rate',
  'irate',
  'increase',
  'changes',
  'resets',
  'deriv',
  'delta',
  'predict_linear',
])

/** Counters, and sums of them, to which something is done that a reset could fool; through recording rules too. */
function looksAtCounters({ metrics, functions }: Reading): boolean {
  const counters = metrics.filter((name) => name.endsWith('_total') || name.endsWith(':sum'))
  const within = metrics.some((name) => {
    const reading = recorded.get(name)
    return reading !== undefined && looksAtCounters(reading)
  })
  return within || (counters.length > 0 && functions.some((name) => overTime.has(name)))
}

/** What must be shown of a rule. An alert that does not wait is seen to fire at once. */
function wantedOf(expr: string, isAlert: boolean): Kind[] {
  const reading = readingOf(expr)
  if (reading.metrics.length === 0) return ['fires']
  const asksThreshold = reading.metrics.some((name) => name.endsWith('_threshold'))
  return [
    ...(['fires', 'just below', 'stale', 'missed scrape', 'apart'] as const),
    ...(isAlert ? (['waits'] as const) : []),
    ...(looksAtCounters(reading) ? (['reset'] as const) : []),
    ...(asksThreshold && isAlert ? (['override'] as const) : []),
  ]
}

t.test('every rule is tested in every way', async (t) => {
  const rules = [
    ...(await alerts()).map((rule) => ({ name: rule.alert, expr: rule.expr, isAlert: true })),
    ...(await recordings()).map((rule) => ({ name: rule.record, expr: rule.expr, isAlert: false })),
  ]
  for (const { name, expr, isAlert } of rules) {
    const kinds = new Set(tests.flatMap((test) => (test.rule === name ? [test.kind] : [])))
    t.same(
      wantedOf(expr, isAlert).filter((kind) => !kinds.has(kind)),
      [],
      name,
    )
  }
  const shipped = new Set(rules.map(({ name }) => name))
  t.same(
    tests.filter(({ rule }) => !shipped.has(rule)).map(nameOf),
    [],
    'no test is about a rule that is not shipped',
  )
})
