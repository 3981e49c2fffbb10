import t from 'tap'
import { questions } from '../../grafana/queries.ts'
import { docker, startLeaky } from '../support/leaky-container.ts'
import { queryRange, selectorsOf, seriesOf } from '../support/prometheus-api.ts'
import { promqlOfDocs } from '../support/promql-of-docs.ts'
import { alerts, recordings } from '../support/rules.ts'
import { labFor, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/**
 * A leak and its healing, a crash, a restart and an OOM kill, all real; then every question that rules, dashboards and
 * documents ask is asked, and must have an answer.
 */
const everyTier = (at: number): string =>
  `{ warning: ${at}, critical: ${at + 1}, emergency: ${at + 2}, nuclear: ${at + 3} }`

/** Series that are there only when something is wrong with pidwarden, and why nothing here makes them. */
const absent: Readonly<Record<string, string>> = {
  'pidwarden_runs_total{outcome=~"failed|interrupted"}': 'no run failed',
  ...Object.fromEntries(
    ['warning', 'emergency', 'nuclear'].map((tier) => [
      `pidwarden_container_threshold{resource="health", tier="${tier}"}`,
      'health is 1 or 0, so it has one tier',
    ]),
  ),
}

const isAbsent = (selector: string): boolean => selector.replace('name=~".+", ', '') in absent

/** What compares or leaves out answers nothing where all is well; then what it looks at must be there at least. */
const asksForWhatIsWrong = /[<>=]=?\s*(on|ignoring|[\d.(]|bool)|\bunless\b|==/

const lab = await labFor(t)
if (lab) {
  const from = Date.now() / 1000
  const config = `
    collect: { openFds: true }
    expected: [pidwarden-test-expected]
    policy:
      thresholds:
        cpu: ${everyTier(900)}
        zombies: ${everyTier(900)}
        startup: ${everyTier(900)}
        limits: ${everyTier(900)}
        health: { critical: 1 }
    remediation: { minimumAge: { critical: 0, emergency: 0 }, settle: 0.5, recovery: 10 }
  `
  const stack = await startStack(t, lab, { config })
  const prometheus = stack.prometheus?.url ?? ''
  const container = await startLeaky(lab, {
    labels: { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' },
    args: ['--memory=1g', '--pids-limit=900', '--cpus=1.5'],
  })
  t.teardown(() => container.remove())
  const run = async (name: string, ...args: string[]): Promise<void> => {
    await docker(lab, 'run', '--detach', '--name', name, ...args)
    t.teardown(() => docker(lab, 'rm', '--force', name))
  }
  await run('pidwarden-test-crashed', 'busybox:stable', 'sh', '-c', 'sleep 3; exit 1')
  await run(
    'pidwarden-test-hungry',
    '--memory=16m',
    'busybox:stable',
    'sh',
    '-c',
    'tail /dev/zero; sleep 3600',
  )

  // A megabyte a second, and a process every other one, for twenty seconds, so that no scrape sees but the end of it.
  const grow =
    'i=0; while [ $i -lt 400 ]; do s="$s$(head -c 50000 /dev/zero | tr "\\0" x)"; i=$((i+1)); if [ $((i%40)) = 0 ]; then sleep 3600 & fi; sleep 0.05; done; sleep 3600'
  await run('pidwarden-test-growing', '--memory=256m', '--pids-limit=500', 'busybox:stable', 'sh', '-c', grow)

  await container.gateway.leak({ server: '@modelcontextprotocol/server-memory', count: 8 })
  await until('it is healed', async () =>
    (await stack.ended(container.id)).some(({ ending }) => ending?.outcome === 'fixed'),
  )
  await docker(lab, 'restart', '--time=1', 'pidwarden-test-hungry')
  const scraped = (text: RegExp) =>
    until(`a scrape has ${text}`, async () => text.test(await stack.metrics()))
  await scraped(/pidwarden_container_crashed\{name="pidwarden-test-crashed"\} 1/)
  await scraped(/pidwarden_container_oom_kills_total\{name="pidwarden-test-hungry"\} [1-9]/)
  await scraped(/pidwarden_watchdog_last_seen_timestamp_seconds \d/)
  // The rates of the last scrapes are there as well.
  const scrapes = async (): Promise<number> =>
    (await queryRange(prometheus, 'up{job="pidwarden"}', { from, to: Date.now() / 1000, step: 1 }))[0]?.values
      .length ?? 0
  const before = await scrapes()
  await until('it was scraped again', async () => (await scrapes()) > before + 3)
  const untilNow = () => ({ from, to: Date.now() / 1000, step: 1 })
  const answers = async (expr: string): Promise<boolean> =>
    (await queryRange(prometheus, expr, untilNow())).length > 0
  const fired = async (): Promise<string[]> => {
    const expr = 'group by (alertname) (ALERTS{alertstate="firing"})'
    return (await queryRange(prometheus, expr, untilNow())).map(({ metric }) => metric.alertname ?? '')
  }
  const toFire = ['PidwardenDuplicatesCritical', 'PidwardenOomKilled', 'PidwardenWatchdog']
  const records = (await recordings()).map(({ record }) => record)
  // On a busy machine some of it comes later. What does not come at all is named below, one by one.
  await until('every rule has had its turn', async () => {
    const names = await fired()
    return (
      toFire.every((name) => names.includes(name)) &&
      !(await some(records, async (one) => !(await answers(one))))
    )
  }).catch((error: unknown) => t.comment(String(error)))
  const range = untilNow()

  const instance = new URL(stack.url).host
  const selection = { job: 'pidwarden', instance, name: container.name, rateInterval: '10s', range: '5m' }

  await t.test('every question of the dashboards has an answer, or a reason for none', async (t) => {
    const unanswered = []
    for (const { dashboard, panel, expr, emptyWhenHealthy: reason } of questions(selection)) {
      if (await answers(expr)) continue
      unanswered.push(`${dashboard}, ${panel}: ${reason}`)
      t.ok(reason, `${dashboard}: ${panel} has data, or a reason to have none`, { expr })
    }
    t.comment(`empty after a leak and its healing:\n${unanswered.join('\n')}`)
    t.ok(unanswered.length < 12, 'few are empty after all that', { unanswered })
  })

  await t.test('every recording rule has recorded something', async (t) => {
    for (const record of records) t.ok(await answers(record), record)
  })

  await t.test('every series that an alert looks at has been there', async (t) => {
    for (const { alert, expr } of await alerts()) {
      for (const selector of await selectorsOf(prometheus, expr))
        t.ok(isAbsent(selector) || (await seriesOf(prometheus, selector, range)) > 0, `${alert}: ${selector}`)
    }
  })

  await t.test(
    'the alerts of the leak have fired, and nothing is said to be wrong with pidwarden',
    async (t) => {
      const names = await fired()
      for (const name of toFire) t.ok(names.includes(name), name)
      const troubles = await queryRange(
        prometheus,
        'ALERTS{alertstate="firing", resource="monitoring", severity!="info"}',
        range,
      )
      t.same(
        troubles.map(({ metric }) => metric.alertname),
        [],
      )
    },
  )

  await t.test('every query of the documents has an answer, or asks for what is wrong', async (t) => {
    const names = [container.name, 'pidwarden-test-growing', 'pidwarden-test-crashed']
    for (const { file, line, expr } of promqlOfDocs()) {
      const [here = expr, ...others] = names.map((name) =>
        expr.replaceAll('name="metamcp"', `name="${name}"`),
      )
      const where = `${file}:${line}`
      if ((await answers(here)) || (await some(others, answers))) {
        t.pass(where)
        continue
      }
      const selectors = await selectorsOf(prometheus, expr.replaceAll('name="metamcp"', 'name=~".+"'))
      const expected = asksForWhatIsWrong.test(expr) || /\boffset\b/.test(expr) || selectors.some(isAbsent)
      t.ok(expected, `${where} has an answer`, { expr })
      for (const selector of selectors)
        t.ok(isAbsent(selector) || (await seriesOf(prometheus, selector, range)) > 0, `${where}: ${selector}`)
    }
  })
}

async function some<T>(all: readonly T[], holds: (one: T) => Promise<boolean>): Promise<boolean> {
  for (const one of all) if (await holds(one)) return true
  return false
}
