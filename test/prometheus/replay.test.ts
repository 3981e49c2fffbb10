// The figures of a real leak under each preset: which tier alerts fire, and which playbooks they call for, at each of them.
import t from 'tap'
import { presetNames } from '../../src/census/presets.ts'
import { emptyFolder } from '../support/folder.ts'
import { type Tiers, tiersInForce } from '../support/preset-tables.ts'
import { checker } from '../support/tools.ts'
import { type Course, container, info, type Labels, type Series, threshold } from './series.ts'
import { type Check, nameOf, runTopic, type UnitTest, unitTest } from './unit-test.ts'

/** Processes of a gateway whose helpers were never cleaned up, until a person ended them. */
const figures = [4, 15, 16, 23, 31, 46, 51, 101, 226, 346, 387, 406, 426, 536, 626, 46, 2]
const everyEvaluation = 5
/** As long as a container is young there is a series of what it starts. */
const young = 300
/** So long the alerts of the lowest tier go on. */
const kept = 30

/** What is known of a container that leaks: each process is a task as well, and it was started just before. */
const measured: Readonly<Record<string, string>> = {
  processes: 'container_counted_processes',
  pids: 'container_pids',
  startup: 'container_startup_processes',
}

/** The figure that is there so many seconds after the beginning, when there is a new one every `scraped` seconds. */
const figure =
  (scraped: number): ((at: number) => number) =>
  (at) =>
    figures[Math.min(Math.floor(at / scraped), figures.length - 1)] ?? 0

const course = (resource: string, scraped: number): Course => {
  const count = figure(scraped)
  if (resource !== 'startup') return count
  return (at) => (at < young ? count(at) : at === young ? 'stale' : '_')
}

interface Tier {
  readonly resource: string
  readonly tier: string
  readonly begins: number
  readonly playbook: string
}

const listed = (tiers: Tiers): Tier[] =>
  Object.entries(tiers).map(([key, said]) => {
    const [resource = '', tier = ''] = key.split(' ')
    const [begins, playbook = ''] = said.split(' ')
    return { resource, tier, begins: Number(begins), playbook }
  })

/** Whether the alert of a tier fires at `time`: it is reached, or it is a warning that was reached a moment ago. */
function fires({ resource, tier, begins }: Tier, scraped: number, time: number): boolean {
  const count = course(resource, scraped)
  const reached = (at: number): boolean => Number(count(at)) >= begins
  if (tier !== 'warning') return reached(time)
  for (let at = time; at >= Math.max(0, time - kept); at -= everyEvaluation) if (reached(at)) return true
  return false
}

function replay(preset: (typeof presetNames)[number], scraped: number): UnitTest {
  const tiers = listed(tiersInForce(preset))
  const series: Series[] = [
    info({ preset }),
    ...Object.entries(measured).map(([resource, metric]) => container(metric, course(resource, scraped))),
    ...tiers.map(({ resource, tier, begins, playbook }) => threshold(resource, tier, begins, { playbook })),
  ]
  const known = tiers.filter(({ resource }) => resource in measured)
  const last = (figures.length - 1) * scraped
  const after = [5, 10, 15, 20, 25, 30, 35, 60].map((seconds) => last + seconds)
  const checks = [...figures.map((_, index) => index * scraped), ...after].map(
    (at): Check => ({
      at,
      expr: 'max without (alertname, alertstate, severity, job, instance, name, id) (ALERTS{alertstate="firing"})',
      samples: known
        .filter((tier) => fires(tier, scraped, at))
        .map(({ resource, tier, playbook }) => ({ labels: { resource, tier, playbook }, value: 1 })),
    }),
  )
  return unitTest(preset, 'replay', scraped, series, checks, `a figure every ${scraped} seconds`)
}

const tests = presetNames.flatMap((preset) => [5, 30].map((scraped) => replay(preset, scraped)))

t.test('the alerts of a leak are those of its preset', async (t) => {
  const promtool = await checker(t, 'promtool')
  if (promtool === undefined) return
  const rules = ['processes', 'pids', 'startup', 'duplicates', 'orphans', 'zombies', 'memory', 'cpu']
  const topic = { name: 'replay', every: everyEvaluation, rules: rules.map((name) => `tiers-${name}`), tests }
  const said = await runTopic(topic, emptyFolder(t), promtool)
  for (const test of tests) t.notOk(said.failed(test), nameOf(test))
  t.equal(said.code, 0, 'promtool is content', { said: said.output })
})

t.test('what it comes to', async (t) => {
  const highest = (preset: (typeof presetNames)[number]): Labels => {
    const reached = listed(tiersInForce(preset)).filter(
      ({ resource, begins }) => resource === 'processes' && Math.max(...figures) >= begins,
    )
    return Object.fromEntries(reached.map(({ tier, playbook }) => [tier, playbook]))
  }
  t.strictSame(Object.fromEntries(presetNames.map((preset) => [preset, highest(preset)])), {
    protocol: { warning: 'record', critical: 'cleanup', emergency: 'contain', nuclear: 'restart' },
    prevention: { warning: 'record', critical: 'restart' },
    fix: { critical: 'cleanup', emergency: 'contain' },
    production: { critical: 'cleanup' },
    investigation: { warning: 'cleanup', critical: 'record', emergency: 'contain', nuclear: 'restart' },
  })
})
