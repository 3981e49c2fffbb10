import t from 'tap'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway, type Gateway } from '../support/simulated-gateway.ts'
import { denied, value } from '../support/simulated-host.ts'
import { createPidwarden, type SimulatedPidwarden, type Wanted } from '../support/simulated-pidwarden.ts'

type Setting = SimulatedPidwarden & Gateway
const listens = value(true)
const nuclear = { playbook: 'restart', tier: 'nuclear' }

function setUp(labels?: Record<string, string>): Setting {
  const pidwarden = createPidwarden()
  return { ...pidwarden, ...addGateway(pidwarden.host, pidwarden.engine, 'metamcp', labels) }
}

interface Case {
  readonly name: string
  readonly labels?: Record<string, string>
  readonly wanted?: Wanted
  prepare(setting: Setting): void
  readonly ending: object
  /** Whether anything was done to the world. */
  readonly touched: boolean
}

const cases: readonly Case[] = [
  {
    name: 'fixed: everything leaked is gone',
    prepare: ({ duplicate }) => duplicate(10),
    ending: { outcome: 'fixed', reason: 'cleared', detail: 'duplicates 10 -> 0, critical begins at 5' },
    touched: true,
  },
  {
    name: 'improved: some of it may not be touched',
    prepare({ duplicate }) {
      duplicate(10)
      duplicate(7, { listens })
    },
    ending: { outcome: 'improved', reason: 'still_above', detail: /17 -> 7/ },
    touched: true,
  },
  {
    name: 'no candidates: nothing of it may be touched',
    prepare: ({ duplicate }) => duplicate(10, { listens }),
    ending: { outcome: 'skipped', reason: 'no_candidates' },
    touched: false,
  },
  {
    name: 'no candidates: the unknown profile has nothing but orphans',
    labels: { 'pidwarden.mode': 'enforce' },
    prepare: ({ duplicate }) => duplicate(10),
    ending: { outcome: 'skipped', reason: 'no_candidates' },
    touched: false,
  },
  {
    name: 'ineffective: orphans were ended, and what counts is as before',
    prepare({ duplicate, orphan }) {
      duplicate(10, { listens })
      orphan(2)
    },
    ending: { outcome: 'ineffective', reason: 'no_candidates', detail: /10 -> 10/ },
    touched: true,
  },
  {
    name: 'regressed: more than before',
    prepare({ duplicate, orphan, host }) {
      duplicate(10, { listens })
      orphan(1)
      host.onEnd = () => {
        host.onEnd = () => {}
        duplicate(3, { listens })
      }
    },
    ending: { outcome: 'regressed', reason: 'no_candidates', detail: /10 -> 13/ },
    touched: true,
  },
  {
    name: 'nuclear: what cannot be cleaned up is restarted',
    wanted: nuclear,
    prepare: ({ duplicate }) => duplicate(60, { listens }),
    ending: { outcome: 'fixed', reason: 'cleared' },
    touched: true,
  },
  {
    name: 'tier not reached: it was over before the alert came',
    prepare: ({ duplicate }) => duplicate(4),
    ending: { outcome: 'skipped', reason: 'tier_not_reached' },
    touched: false,
  },
  {
    name: 'tier not reached: a restart asked for by a label',
    wanted: { playbook: 'restart', tier: 'critical' },
    prepare: ({ duplicate }) => duplicate(30),
    ending: { outcome: 'skipped', reason: 'tier_not_reached' },
    touched: false,
  },
  {
    name: 'container gone before the run',
    prepare: ({ engine, container }) => engine.remove(container),
    ending: { outcome: 'skipped', reason: 'container_gone' },
    touched: false,
  },
  {
    name: 'not enforced',
    labels: { 'pidwarden.profile': 'generic' },
    prepare: ({ duplicate }) => duplicate(10),
    ending: { outcome: 'skipped', reason: 'not_enforced' },
    touched: false,
  },
  {
    name: 'census unknown: the cgroup may not be read',
    prepare({ duplicate, host }) {
      duplicate(10)
      host.cgroupFailure = denied
    },
    ending: { outcome: 'unknown', reason: 'census_unknown' },
    touched: false,
  },
  {
    name: 'Docker away',
    prepare({ duplicate, engine }) {
      duplicate(10)
      engine.failures.inspect.push(unreachable())
    },
    ending: { outcome: 'unknown', reason: 'docker_unreachable' },
    touched: false,
  },
  {
    name: 'a journal of another version asks for something unknown',
    wanted: { playbook: 'unheard-of', tier: 'critical' },
    prepare: ({ duplicate }) => duplicate(10),
    ending: { outcome: 'failed', reason: 'action_failed', detail: /unheard-of/ },
    touched: false,
  },
]

for (const { name, labels, wanted, prepare, ending: expected, touched } of cases) {
  t.test(name, async (t) => {
    const setting = setUp(labels)
    prepare(setting)
    const { ending, story } = await setting.perform(setting.container, wanted)
    t.match(ending, expected)
    t.same(story.ending, ending, 'the journal says the same')
    t.match(story, { state: 'done', endedAt: Number })
    t.equal(setting.host.effects.length > 0, touched)
    t.equal(story.steps.flatMap((step) => step.effects).length > 0, touched)
  })
}

t.test('what was killed comes back: the cleanup is given up, and the container restarted', async (t) => {
  const { duplicate, respawn, perform, container, host } = setUp()
  duplicate(60)
  respawn()
  const { ending, story } = await perform(container, nuclear)
  t.match(
    story.steps.map(({ action, ending: { reason } = {} }) => [action, reason]),
    [
      ['collect-evidence', 'recorded'],
      ['kill-orphans', 'no_candidates'],
      ['kill-duplicates', 'respawned'],
      ['restart-container', 'cleared'],
    ],
  )
  t.match(ending, { outcome: 'fixed', reason: 'cleared', detail: /duplicates 60 -> 0/ })
  t.same(host.effects.slice(-2), ['stop metamcp 10', 'start metamcp'])
})

t.test('a goal that holds ends the ladder: no restart after a cleanup that was enough', async (t) => {
  const { duplicate, perform, container, host } = setUp()
  duplicate(60)
  const { ending, story } = await perform(container, nuclear)
  t.equal(ending.outcome, 'fixed')
  t.same(
    story.steps.map(({ action }) => action),
    ['collect-evidence', 'kill-orphans', 'kill-duplicates'],
  )
  t.notMatch(host.effects.join(), 'stop')
})

t.test('a budget that is used up is told as the reason, though something was ended before', async (t) => {
  const { duplicate, orphan, perform, container, settings } = setUp()
  settings.restartsPerHour = 0
  duplicate(60, { listens })
  orphan(1)
  t.match((await perform(container, nuclear)).ending, { outcome: 'ineffective', reason: 'restart_budget' })
})

t.test('a dry run plans every step and touches nothing', async (t) => {
  const { duplicate, orphan, perform, container, host } = setUp({
    'pidwarden.mode': 'dry-run',
    'pidwarden.profile': 'generic',
  })
  const [copy] = duplicate(60)
  orphan(2)
  const { ending, story } = await perform(container, nuclear)
  t.match(ending, { outcome: 'dry_run', reason: 'dry_run' })
  t.same(host.effects, [])
  t.match(
    story.steps.map(({ action, ending: { outcome } = {} }) => [action, outcome]),
    [
      ['collect-evidence', 'skipped'],
      ['kill-orphans', 'dry_run'],
      ['kill-duplicates', 'dry_run'],
      ['restart-container', 'dry_run'],
    ],
  )
  const plan = story.steps[2]?.plan as { pid: number; verdict: string; reason: string }[]
  t.match(
    plan.find(({ pid }) => pid === copy?.wrapper.pid),
    { verdict: 'kill', reason: 'duplicate', command: 'node mcp-memory', processes: 3 },
  )
  t.equal(story.steps.flatMap((step) => step.effects).length, 0)
  t.equal(host.in(container.id).length, 5 + 180 + 4)
})

t.test('the measurements around the run and around each step are kept', async (t) => {
  const { duplicate, orphan, perform, container } = setUp()
  orphan(3)
  duplicate(10)
  const { story } = await perform(container)
  t.match(story, { before: { duplicates: 10, orphans: 3 }, after: { duplicates: 0, orphans: 0 } })
  const [, orphans, duplicates] = story.steps
  t.match(orphans, { before: { duplicates: 10, orphans: 3 }, after: { duplicates: 10, orphans: 0 } })
  t.match(duplicates, { before: { duplicates: 10, orphans: 0 }, after: { duplicates: 0, orphans: 0 } })
})
