import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { questions } from '../../grafana/queries.ts'
import { checker } from '../support/tools.ts'
import { healthy } from './healthy.ts'
import { leaking } from './leaking.ts'
import type { World } from './series.ts'

const selection = { job: 'pidwarden', instance: 'host:3001', name: 'web' }
const asked = questions(selection)

type Sample = { labels: string; value: number }
type Expectation = { expr: string; eval_time: string; exp_samples: Sample[] }

/** Has promtool answer queries at the end of the hour, and compare. */
async function compare(
  t: Test,
  world: World,
  expected: readonly Omit<Expectation, 'eval_time'>[],
): Promise<void> {
  const promtool = await checker(t, 'promtool')
  if (!promtool) return
  const tests = [
    {
      interval: '15s',
      input_series: Object.entries(world).map(([series, values]) => ({ series, values })),
      promql_expr_test: expected.map((one) => ({ ...one, eval_time: '1h' })),
    },
  ]
  const dir = t.testdir({ 'test.yml': stringify({ rule_files: [], evaluation_interval: '15s', tests }) })
  const said = await promtool('test', 'rules', join(dir, 'test.yml'))
  t.equal(said.code, 0, said.output)
}

/** Any data at all. */
const some = [{ labels: '{}', value: 1 }]
const whether = (expr: string) => `count(${expr}) > bool 0`

t.test('a healthy host: what says that it may be empty is empty, and nothing else', async (t) => {
  await compare(
    t,
    healthy,
    asked.map(({ expr, emptyWhenHealthy }) => ({
      expr: whether(expr),
      exp_samples: emptyWhenHealthy === undefined ? some : [],
    })),
  )
})

t.test('a leaking host: every query has an answer', async (t) => {
  await compare(
    t,
    leaking,
    asked.map(({ expr }) => ({ expr: whether(expr), exp_samples: some })),
  )
})

t.test('a leaking host: the answers', async (t) => {
  const host = 'instance="host:3001"'
  const none = (value: number): Sample[] => [{ labels: '{}', value }]
  const answers: Record<string, Sample[][]> = {
    // normal, warning, critical, emergency, nuclear
    'Containers by tier reached': [none(1), none(1), none(0), none(1), none(0)],
    'Containers by mode': [none(2), none(0), none(1)],
    'Containers that are not well': [none(1), none(1), none(1), none(0)],
    'Need a person': [none(1), none(1)],
    'On fire': [
      [
        {
          labels: `{${host}, name="web", resource="processes", tier="emergency", playbook="contain"}`,
          value: 420,
        },
        {
          labels: `{${host}, name="web", resource="duplicates", tier="critical", playbook="cleanup"}`,
          value: 360,
        },
        { labels: `{${host}, name="db", resource="memory", tier="warning", playbook="record"}`, value: 300 },
      ],
    ],
    'Alerts for people': [
      [
        { labels: `{alertname="PidwardenOomKilled", ${host}, name="web", level="2"}`, value: 600 },
        { labels: `{alertname="PidwardenDockerUnreachable", ${host}, level="3"}`, value: 600 },
      ],
    ],
    'Alerts about the monitoring': [
      [
        {
          labels: `{alertname="PidwardenDockerUnreachable", job="pidwarden", ${host}, level="3"}`,
          value: 600,
        },
      ],
    ],
    'Missing, unhealthy, crashed': [
      ['missing', 'unhealthy', 'crashed'].map((trouble) => ({
        labels: `{${host}, name="web", trouble="${trouble}"}`,
        value: 1,
      })),
    ],
    // Once on the fleet and once on remediation: 2 is who waits for a person.
    Incidents: [none(1), none(1)],
    'Open incidents': [
      [{ labels: `{${host}, name="web", tier="critical"}`, value: 2 }],
      [{ labels: `{${host}, name="web", tier="critical"}`, value: 2 }],
    ],
    State: [[{ labels: `{job="pidwarden", ${host}, name="web"}`, value: 2 }]],
    Health: [[{ labels: `{job="pidwarden", ${host}, name="web"}`, value: 4 }]],
    'Open incident': [[{ labels: `{job="pidwarden", ${host}, name="web"}`, value: 2 }]],
    Uptime: [[{ labels: `{job="pidwarden", ${host}, name="web"}`, value: 10 }]],
    Starts: [[{ labels: `{job="pidwarden", ${host}, name="web"}`, value: 1 }]],
    'Limits three ways': [
      ['policy', 'docker', 'kernel'].map((source) => ({ labels: `{source="${source}"}`, value: 0 })),
      [
        { labels: '{source="policy"}', value: 100 },
        { labels: '{source="kernel"}', value: 50 },
      ],
      [{ labels: '{source="policy"}', value: 4e9 }],
      [{ labels: '{source="policy"}', value: 2 }],
    ],
    'Runs by outcome': [
      [
        { labels: '{playbook="cleanup", outcome="fixed"}', value: 2 },
        { labels: '{playbook="restart", outcome="failed"}', value: 1 },
      ],
    ],
    'Alerts queued': [none(4)],
    'Signals sent': [[{ labels: '{signal="SIGTERM"}', value: 12 }]],
    'Runs over time': [
      [
        { labels: '{outcome="fixed"}', value: 0 },
        { labels: '{outcome="failed"}', value: 0 },
      ],
    ],
    'Mean time from start to verdict': [[{ labels: '{playbook="cleanup"}', value: 7.5 }]],
    'Time from start to verdict': [
      [{ labels: '{playbook="cleanup"}', value: 7.5 }],
      [{ labels: '{playbook="cleanup"}', value: 10 }],
    ],
    'Time with an open incident': [[{ labels: `{${host}, name="web"}`, value: 2100 }]],
  }
  const expected = Object.entries(answers).flatMap(([title, samples]) => {
    const exprs = asked.filter(({ panel }) => panel === title).map(({ expr }) => expr)
    t.equal(exprs.length, samples.length, `${title}: as many queries as answers`)
    return exprs.map((expr, index) => ({ expr, exp_samples: samples[index] ?? [] }))
  })
  await compare(t, leaking, expected)
})

t.test('where nothing is to tell of, a timeline says so', async (t) => {
  const quiet = ['Incidents over time', 'A person was needed', 'pidwarden was at work']
  const words = ['no incident', 'no incident', 'no run']
  await compare(
    t,
    healthy,
    quiet.map((title, index) => ({
      expr: asked.find(({ panel }) => panel === title)?.expr ?? '',
      exp_samples: [{ labels: `{instance="host:3001", name="${words[index]}"}`, value: 0 }],
    })),
  )
})
