import t from 'tap'
import { ownPlaybook } from '../support/own-playbook.ts'
import { bearer, problemIn } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden, token } from '../support/simulated-pidwarden.ts'

const headers = bearer(token)
const order = (playbook: string, query = '', name = 'metamcp') =>
  ({ method: 'POST', url: `/api/containers/${name}/playbooks/${playbook}${query}`, headers }) as const

const profile = { 'pidwarden.profile': 'generic' }

t.test('without more it is a dry run: the plan, and nothing is touched', async (t) => {
  const { app, host, engine, journal } = createPidwarden({ restrained: true })
  const { duplicate } = addGateway(host, engine, 'metamcp', profile)
  duplicate(2)
  const response = await app.inject(order('cleanup'))
  t.equal(response.statusCode, 200)
  const story = response.json()
  t.match(story, {
    origin: 'person',
    dryRun: true,
    alert: 'ordered',
    ending: { outcome: 'dry_run' },
    steps: [{ action: 'collect-evidence' }, { action: 'kill-orphans' }, { action: 'kill-duplicates' }],
  })
  const verdicts = story.steps[2].plan.map(
    ({ verdict, reason }: Record<string, string>) => `${verdict} ${reason}`,
  )
  t.same(
    verdicts.filter((one: string) => one.startsWith('kill')),
    ['kill duplicate', 'kill duplicate'],
  )
  t.same(host.signals, [])
  t.same(host.effects, [])
  t.same(journal.deeds(0), [], 'and it is no deed')
})

t.test(
  'dryRun=false does what the plan said, whatever tier is reached and whatever was done before',
  async (t) => {
    const { app, host, engine, clock, runner, journal } = createPidwarden({ restrained: true })
    const { duplicate } = addGateway(host, engine)
    for (let wave = 0; wave < 7; wave++) {
      duplicate(1)
      const planned = (await app.inject(order('cleanup'))).json()
      const victims = planned.steps[2].plan.filter(({ verdict }: { verdict: string }) => verdict === 'kill')
      const response = await app.inject(order('cleanup', '?dryRun=false'))
      t.equal(response.statusCode, 202)
      await clock.until(() => runner.inProgress().length === 0)
      const story = journal.story(response.json().runId)
      t.match(story, { origin: 'person', dryRun: false, ending: { outcome: 'fixed' } })
      const signalled = story?.steps.flatMap(({ effects }) => effects.map(({ pid }) => pid))
      for (const { pid } of victims) t.ok(signalled?.includes(pid))
    }
    t.equal(journal.deeds(0).length, 7, 'each of them counts for those that alerts will ask for')
  },
)

t.test('a restart that is ordered is carried out, though the container is well', async (t) => {
  const { app, host, engine, clock, runner } = createPidwarden()
  addGateway(host, engine)
  t.equal((await app.inject(order('restart', '?dryRun=false'))).statusCode, 202)
  await clock.until(() => runner.inProgress().length === 0)
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
})

t.test('a playbook of the configuration is planned and carried out alike, whatever it is for', async (t) => {
  const steps = ['action: kill-duplicates, with: { atMost: 2 }, goal: below-tier, onMiss: stop']
  const yaml = ownPlaybook(steps)
    .replace('    steps:', '    for: { tiers: [nuclear] }\n    steps:')
    .replace('critical: { at: 5', 'nuclear: { at: 60')
  const { app, host, engine, clock, runner } = createPidwarden({ yaml })
  const { duplicate } = addGateway(host, engine)
  const copies = duplicate(10)
  const planned = (await app.inject(order('own'))).json()
  const victims = planned.steps[1].plan
    .filter(({ verdict }: { verdict: string }) => verdict === 'kill')
    .map(({ pid }: { pid: number }) => pid)
  t.equal(victims.length, 2)
  t.equal((await app.inject(order('own', '?dryRun=false'))).statusCode, 202)
  await clock.until(() => runner.inProgress().length === 0)
  const ended = copies
    .filter(({ wrapper }) => !host.processes.has(wrapper.pid))
    .map(({ wrapper }) => wrapper.pid)
  t.same(ended.sort(), victims.sort(), 'the plan is what was done')
})

t.test('refused, with the reason', async (t) => {
  const { app, host, engine, journal } = createPidwarden()
  addGateway(host, engine, 'observed', profile)
  addGateway(host, engine)
  const refused = async (...what: Parameters<typeof order>) =>
    problemIn(t, await app.inject(order(...what)), 409).detail
  t.match(await refused('cleanup', '?dryRun=false', 'observed'), /not_enforced: .*pidwarden\.mode=enforce/)
  journal.stopActing('a drill')
  t.match(await refused('cleanup', '?dryRun=false'), /acting_stopped: .*a drill/)
  t.equal((await app.inject(order('cleanup'))).statusCode, 200, 'a plan is to be had at any time')
  t.same(journal.openRuns(), [])
})

t.test('unknown', async (t) => {
  const { app, host, engine } = createPidwarden()
  addGateway(host, engine)
  t.match(problemIn(t, await app.inject(order('cleanup', '', 'nobody')), 404).detail, /GET \/api\/containers/)
  t.match(
    problemIn(t, await app.inject(order('unheard-of')), 404).detail,
    /there are record, cleanup, .*, recreate/,
  )
  problemIn(t, await app.inject(order('cleanup', '?dryRun=no')), 400)
  problemIn(t, await app.inject({ ...order('cleanup'), headers: {} }), 401)
})
