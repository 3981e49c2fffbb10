import t from 'tap'
import { own, ownPlaybook } from '../../support/own-playbook.ts'
import { addGateway, pidsOf, startServer } from '../../support/simulated-gateway.ts'
import { value } from '../../support/simulated-host.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

const listens = value(true)

/** A gateway, and a playbook of its own with one step. */
function setUp(step: string, labels?: Record<string, string>) {
  const pidwarden = createPidwarden({ yaml: ownPlaybook([step]) })
  const gateway = addGateway(pidwarden.host, pidwarden.engine, 'metamcp', labels)
  return { ...pidwarden, ...gateway, perform: () => pidwarden.perform(gateway.container, own) }
}

/** Moments at which something was signalled, milliseconds, each once. */
const moments = ({ host }: ReturnType<typeof setUp>, signal: string): readonly number[] => [
  ...new Set(host.signals.filter((one) => one.signal === signal).map(({ at }) => at)),
]

for (const action of ['kill-duplicates', 'kill-orphans']) {
  t.test(`${action}: grace`, async (t) => {
    const setting = setUp(`action: ${action}, with: { grace: 20 }, onMiss: stop`)
    setting.duplicate(5)
    startServer(setting.host, setting.container.id, setting.gateway(), 'memory', { stubborn: true, age: 500 })
    const [orphan] = setting.orphan(1, { stubborn: true })
    await setting.perform()
    t.ok(orphan)
    const [term = 0] = moments(setting, 'SIGTERM')
    const [kill = 0] = moments(setting, 'SIGKILL')
    t.equal(kill - term, 20_000)
  })

  t.test(`${action}: settle`, async (t) => {
    const setting = setUp(`action: ${action}, with: { settle: 7 }, onMiss: stop`)
    setting.duplicate(8)
    setting.orphan(8)
    await setting.perform()
    t.same(moments(setting, 'SIGTERM'), [0, 7000, 7500, 8000])
    t.equal(setting.clock.monotonic(), 15_000, 'and after the last batch')
  })

  t.test(`${action}: minimumAge`, async (t) => {
    const younger = setUp(`action: ${action}, with: { minimumAge: 0 }, onMiss: stop`)
    younger.duplicate(8, { age: 1 })
    younger.orphan(8, { age: 1 })
    await younger.perform()
    t.equal(moments(younger, 'SIGTERM')[0], 0, 'below what the settings say')
    const older = setUp(`action: ${action}, with: { minimumAge: 300 }, onMiss: stop`)
    older.duplicate(8, { age: 200 })
    older.orphan(8, { age: 200 })
    await older.perform()
    const [first = 0] = moments(older, 'SIGTERM')
    t.ok(first >= 100_000 && first < 102_000, `above it: ${first}`)
  })

  t.test(`${action}: atMost`, async (t) => {
    const setting = setUp(`action: ${action}, with: { atMost: 6, settle: 9 }, onMiss: stop`)
    const copies = setting.duplicate(12)
    const orphans = setting.orphan(12)
    const { story } = await setting.perform()
    const concerned = action === 'kill-orphans' ? orphans : copies
    const left = concerned.filter(({ leaf }) => setting.host.processes.has(leaf.pid))
    t.equal(left.length, 6)
    t.same(moments(setting, 'SIGTERM'), [0, 9000, 9500], 'batches of 1, 2 and 3')
    t.equal(setting.clock.monotonic(), 18_500, 'and the last one settles in full')
    t.match(story.steps[1], { action, ending: { reason: 'still_above' } }, 'the measurement decides')
  })
}

t.test('kill-duplicates: fewer than the most are ended as ever', async (t) => {
  const setting = setUp('action: kill-duplicates, with: { atMost: 50 }, goal: below-tier, onMiss: stop')
  const copies = setting.duplicate(8)
  t.match((await setting.perform()).ending, { outcome: 'fixed', detail: /8 -> 0/ })
  for (const pid of pidsOf(copies)) t.notOk(setting.host.processes.has(pid))
})

t.test('what a step does not say is as the settings say', async (t) => {
  const setting = setUp('action: kill-duplicates, with: { grace: 1 }, onMiss: stop')
  setting.settings.settle = 4
  setting.duplicate(8)
  await setting.perform()
  t.same(moments(setting, 'SIGTERM'), [0, 4000, 4500, 5000])
})

t.test('restart-container: pause', async (t) => {
  const { duplicate, perform } = setUp('action: restart-container, with: { pause: 3 }, onMiss: stop')
  duplicate(10, { listens })
  const { ending, story } = await perform()
  t.equal(ending.outcome, 'fixed')
  const [stop, start] = story.steps[1]?.effects ?? []
  // Half a second later it is seen to run.
  t.equal((start?.intentAt ?? 0) - (stop?.resultAt ?? 0), 3500)
})

t.test('restart-container: patience', async (t) => {
  const { duplicate, perform, engine, container } = setUp(
    'action: restart-container, with: { patience: 200 }, onMiss: stop',
  )
  duplicate(10, { listens })
  engine.onStopped = () => {
    container.health = 'starting'
  }
  const { ending, story } = await perform()
  t.match(ending, { outcome: 'failed', detail: 'restarted, but running and starting after 200 s' })
  const step = story.steps[1]
  t.ok((step?.endedAt ?? 0) - (step?.startedAt ?? 0) >= 200_000)
})

t.test('a dry run plans with the parameters of the step', async (t) => {
  const labels = { 'pidwarden.mode': 'dry-run', 'pidwarden.profile': 'generic' }
  const yaml = ownPlaybook([
    'action: kill-duplicates, with: { atMost: 2, minimumAge: 300 }, onMiss: next',
    'action: restart-container, with: { pause: 3, patience: 7 }, onMiss: stop',
  ])
  const { host, engine, perform } = createPidwarden({ yaml })
  const { container, duplicate } = addGateway(host, engine, 'metamcp', labels)
  duplicate(5)
  duplicate(4, { age: 200 })
  const { ending, story } = await perform(container, own)
  t.equal(ending.outcome, 'dry_run')
  const verdicts = story.steps[1]?.plan as { verdict: string }[]
  const count = (verdict: string) => verdicts.filter((one) => one.verdict === verdict).length
  t.same([count('kill'), count('later'), count('wait')], [2, 3, 4])
  t.match(story.steps[2]?.plan, [{ pauseSeconds: 3, patienceSeconds: 7 }])
  t.same(host.effects, [])
})
