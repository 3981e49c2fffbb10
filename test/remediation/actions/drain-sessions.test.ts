import { join } from 'node:path'
import t from 'tap'
import { GatewayError } from '../../../src/host/metamcp.ts'
import { emptyFolder } from '../../support/folder.ts'
import { SimulatedDocker } from '../../support/simulated-docker.ts'
import { denied, SimulatedHost } from '../../support/simulated-host.ts'
import { SimulatedMetamcp, sessionYaml } from '../../support/simulated-metamcp.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

const policy = `
policy:
  thresholds:
    processes: { warning: 10, critical: { at: 10, playbook: cleanup }, emergency: false, nuclear: false }
`
const cleanup = { playbook: 'cleanup', tier: 'critical', resource: 'processes' }

/** A gateway that is watched from its start: no session, and the spare copy of its server is known. */
async function setUp({
  yaml = policy,
  servers = ['memory'],
  labels = {},
  journalPath = ':memory:',
  host = new SimulatedHost(),
}: {
  yaml?: string
  servers?: readonly string[]
  labels?: Record<string, string>
  journalPath?: string
  host?: SimulatedHost
} = {}) {
  const engine = new SimulatedDocker(host)
  const gateway = new SimulatedMetamcp(host, engine, { servers, labels })
  const pidwarden = createPidwarden({
    host,
    engine,
    sessionApi: gateway,
    journalPath,
    yaml: sessionYaml(yaml),
  })
  const { clock, sessions } = pidwarden
  /** So many seconds go by, and it is looked as often as it ought to be. */
  const pass = async (seconds: number, busy: readonly string[] = []): Promise<void> => {
    for (let left = seconds; left > 0; left -= 30) {
      clock.advance(30_000)
      for (const id of busy) gateway.use(id)
      await clock.drive(sessions.round())
    }
  }
  await pass(90)
  return {
    ...pidwarden,
    gateway,
    pass,
    /** Clients that come one after the other, and use what there is. */
    async come(...ids: string[]) {
      for (const id of ids) {
        gateway.open(id)
        for (const server of servers) gateway.use(id, server)
        await pass(120)
      }
    },
    perform: (wanted = cleanup) => pidwarden.perform(gateway.container, wanted),
  }
}

type Setting = Awaited<ReturnType<typeof setUp>>
type Performed = Awaited<ReturnType<Setting['perform']>>

const stepOf = ({ story }: Performed) => {
  const step = story.steps.find(({ action }) => action === 'drain-sessions')
  if (step === undefined) throw new Error('it was not drained')
  return step
}
const plansOf = (run: Performed) =>
  stepOf(run).plan as { session: string; verdict?: string; reason?: string; detail?: string; note?: string }[]

t.test(
  'abandoned sessions are closed, the oldest first, until it is enough, and nobody else is touched',
  async (t) => {
    const { gateway, come, pass, perform, host } = await setUp()
    await come('a', 'live', 'b', 'c')
    await pass(3600, ['live'])
    const kept = gateway.copies('live').map(({ leaf }) => leaf.pid)
    // 13 processes: init, gateway, front end, and five copies of two.
    const run = await perform()
    t.match(run.ending, { outcome: 'fixed', detail: 'processes 13 -> 9, critical begins at 10' })
    t.same(gateway.closed, ['a', 'b'])
    for (const pid of kept) t.ok(host.processes.has(pid))
    t.same(host.effects, [], 'no signal, no restart')
    const [first] = plansOf(run)
    t.match(first, { session: 'a', verdict: 'close', reason: 'abandoned', trees: 1 })
    t.match(plansOf(run).slice(0, 4).at(-1), { session: 'live', verdict: 'keep', reason: 'in_use' })
    t.match(stepOf(run), { ending: { outcome: 'fixed', reason: 'cleared' } })
    t.match(stepOf(run).effects, [
      { kind: 'drain', object: 'a', result: 'done', details: { trees: [String] } },
      { kind: 'drain', object: 'b', result: 'done' },
    ])
  },
)

t.test('where it is not enough, all are closed, and the run calls for more', async (t) => {
  const { gateway, come, pass, perform } = await setUp({ yaml: policy.replaceAll('10', '5') })
  await come('a', 'b', 'c')
  await pass(3600)
  const { ending, story } = await perform()
  t.match(ending, { outcome: 'improved', reason: 'no_candidates' })
  t.same(gateway.closed, ['a', 'b', 'c'])
  t.same(
    story.steps.map(({ action }) => action),
    ['collect-evidence', 'kill-orphans', 'drain-sessions', 'kill-duplicates'],
  )
})

t.test('who begins to work while others are closed is not', async (t) => {
  const { gateway, come, pass, perform } = await setUp({ yaml: policy.replaceAll('10', '5') })
  await come('a', 'b', 'c')
  await pass(3600)
  gateway.onClosed = () => {
    if (gateway.isAlive('b')) gateway.use('b')
  }
  await perform()
  t.same(gateway.closed, ['a', 'c'])
})

t.test('who comes back while the gateway is asked is not closed', async (t) => {
  const { gateway, come, pass, perform } = await setUp()
  await come('a', 'b', 'c')
  await pass(3600)
  const list = gateway.list.bind(gateway)
  let first = true
  gateway.list = async () => {
    const listed = await list()
    if (first) gateway.use('a')
    first = false
    return listed
  }
  await perform()
  t.same(gateway.closed, ['b'])
})

t.test('no session of which it is not known that it is abandoned', async (t) => {
  const young = await setUp()
  await young.come('a', 'b', 'c', 'd')
  await young.pass(900)
  t.match((await young.perform()).story.steps[2], { ending: { outcome: 'skipped', reason: 'no_candidates' } })

  const together = await setUp()
  for (const id of ['a', 'b', 'c', 'd']) {
    together.gateway.open(id)
    together.gateway.use(id)
  }
  await together.pass(7200)
  const run = await together.perform()
  t.match(plansOf(run), [{ reason: 'no_process_of_its_own', verdict: 'keep' }, {}, {}, {}])
  t.same(together.gateway.closed, [])

  const doubtful = await setUp()
  await doubtful.come('a', 'b', 'c')
  doubtful.gateway.open('late')
  await doubtful.pass(300)
  doubtful.gateway.use('late')
  await doubtful.pass(5400, ['late'])
  t.match(plansOf(await doubtful.perform())[0], {
    session: 'a',
    reason: 'not_one_to_one',
    detail: /^node mcp-memory, pid \d+, is in use/,
  })

  const unreadable = await setUp()
  await unreadable.come('a', 'b', 'c')
  await unreadable.pass(3600)
  for (const { leaf } of unreadable.gateway.copies('a')) leaf.io = denied
  t.match(plansOf(await unreadable.perform()), [
    { session: 'b' },
    { session: 'c' },
    { reason: 'activity_unknown' },
  ])

  const other = await setUp()
  await other.come('a', 'b', 'c', 'd')
  other.gateway.others.add('a')
  await other.pass(3600)
  await other.perform()
  t.notOk(other.gateway.closed.includes('a'), 'it is of a kind that cannot be closed')
})

t.test('a dry run closes nothing, and tells what it would', async (t) => {
  const { gateway, come, pass, perform } = await setUp({ labels: { 'pidwarden.mode': 'dry-run' } })
  await come('a', 'b', 'c')
  await pass(3600)
  const run = await perform()
  t.same(gateway.closed, [])
  t.match(stepOf(run), { ending: { outcome: 'dry_run' }, plan: [{ session: 'a', verdict: 'close' }, {}, {}] })
})

t.test('without an API the ladder goes on', async (t) => {
  const away = new GatewayError('unreachable', 'GET http://metamcp.test:12008/…: connect ECONNREFUSED')
  const gone = await setUp()
  await gone.come('a', 'b', 'c')
  await gone.pass(3600)
  gone.gateway.refusals.list.push(away)
  const run = await gone.perform()
  t.match(stepOf(run), { ending: { outcome: 'skipped', reason: 'no_session_api', detail: /ECONNREFUSED/ } })
  t.equal(run.story.steps.at(-1)?.action, 'kill-duplicates')

  const midway = await setUp({ yaml: policy.replaceAll('10', '5') })
  await midway.come('a', 'b', 'c')
  await midway.pass(3600)
  midway.gateway.onClosed = () => midway.gateway.refusals.list.push(away)
  t.match(stepOf(await midway.perform()), { ending: { outcome: 'improved' } }, 'what was done is measured')
  t.same(midway.gateway.closed, ['a'])

  const own = `
playbooks:
  - { name: own, description: Of a test., steps: [
      { action: collect-evidence, onMiss: next }, { action: drain-sessions, onMiss: stop }] }
policy: { thresholds: { processes: { warning: 2, critical: { at: 3, playbook: own }, emergency: false, nuclear: false } } }`
  const elsewhere = await setUp({ yaml: own, labels: { 'pidwarden.profile': 'generic' } })
  const wanted = { ...cleanup, playbook: 'own' }
  t.match(stepOf(await elsewhere.perform(wanted)), {
    ending: { outcome: 'skipped', reason: 'no_session_api', detail: /its profile is generic/ },
  })

  const host = new SimulatedHost()
  const engine = new SimulatedDocker(host)
  const gateway = new SimulatedMetamcp(host, engine)
  const unsettled = createPidwarden({ host, engine, sessionApi: gateway, yaml: policy.replaceAll('10', '5') })
  const { story } = await unsettled.perform(gateway.container, cleanup)
  t.match(story.steps[2], { ending: { reason: 'no_session_api', detail: /no entry in sessions.gateways/ } })
})

t.test('a wrong key is one clear error, and nothing else is tried', async (t) => {
  const { gateway, come, pass, perform } = await setUp()
  await come('a', 'b', 'c')
  await pass(3600)
  const wrong = new GatewayError('key', 'DELETE http://metamcp.test:12008/…: answered 401')
  gateway.refusals.close.push(wrong)
  const run = await perform()
  t.match(stepOf(run), {
    ending: { outcome: 'failed', reason: 'action_failed', detail: wrong.message },
    effects: [{ object: 'a', result: `failed: ${wrong.message}` }],
  })
  t.equal(stepOf(run).effects.length, 1)
  t.same(gateway.closed, [])
})

t.test('a gateway that limits calls is left alone for as long as it says', async (t) => {
  const { gateway, come, pass, perform } = await setUp()
  await come('a', 'b', 'c', 'd')
  await pass(3600)
  gateway.refusals.close.push(
    new GatewayError('busy', 'answered 429', 40),
    new GatewayError('busy', 'answered 429'),
  )
  const step = stepOf(await perform())
  t.same(gateway.closed, ['a', 'b'])
  t.same(
    step.effects.map(({ object, result }) => [object, result]),
    [
      ['a', 'failed: answered 429'],
      ['a', 'failed: answered 429'],
      ['a', 'done'],
      ['b', 'done'],
    ],
  )
  const [first = 0, second = 0, third = 0] = step.effects.map(({ intentAt }) => intentAt)
  t.same([second - first, third - second], [40_000, 10_000])
})

t.test(
  'a session that the gateway fails to close is not tried again; where all fail, no more are',
  async (t) => {
    const failed = new GatewayError('failed', 'answered 500')
    const once = await setUp()
    await once.come('a', 'b', 'c', 'd')
    await once.pass(3600)
    once.gateway.refusals.close.push(failed)
    await once.perform()
    t.same(once.gateway.closed, ['b', 'c'])

    const always = await setUp()
    await always.come('a', 'b', 'c', 'd')
    await always.pass(3600)
    always.gateway.refusals.close.push(failed, failed, failed, failed)
    const step = stepOf(await always.perform())
    t.match(step.ending, { outcome: 'failed', detail: /3 times in a row/ })
    t.equal(step.effects.length, 3)
  },
)

t.test('when processes of somebody else go, nothing more is closed', async (t) => {
  const { gateway, come, pass, perform, host } = await setUp({ yaml: policy.replaceAll('10', '5') })
  await come('a', 'b', 'c')
  await pass(3600)
  gateway.onClosed = () => {
    for (const { leaf, root } of gateway.copies('c')) for (const { pid } of [leaf, root]) host.end(pid)
  }
  const step = stepOf(await perform())
  t.match(step.ending, {
    outcome: 'failed',
    detail: /when session a was closed, processes of others went too \(c\)/,
  })
  t.same(gateway.closed, ['a'])
  gateway.onClosed = () => {}
  t.match(
    plansOf(await perform())[0],
    { session: 'b', reason: 'no_process_of_its_own' },
    'nor in a later run',
  )
})

t.test('processes that do not go are waited for, and left alone', async (t) => {
  const { gateway, come, pass, perform, host, clock } = await setUp()
  await come('a', 'b', 'c', 'd')
  await pass(3600)
  gateway.stubborn.add('a')
  const before = clock.monotonic()
  const run = await perform()
  t.same(gateway.closed, ['a', 'b', 'c'])
  t.ok(clock.monotonic() - before >= 30_000)
  t.match(
    plansOf(run).filter((plan) => 'ended' in plan),
    [
      { session: 'a', ended: 0, of: 1 },
      { session: 'b', ended: 1, of: 1 },
      { session: 'c', ended: 1 },
    ],
  )
  t.same(host.effects, [])
})

t.test('no more than the step may', async (t) => {
  const yaml = `
playbooks:
  - { name: own, description: Of a test., steps: [
      { action: collect-evidence, onMiss: next }, { action: drain-sessions, with: { atMost: 2 }, onMiss: stop }] }
policy: { thresholds: { processes: { warning: 2, critical: { at: 3, playbook: own }, emergency: false, nuclear: false } } }`
  const { gateway, come, pass, perform } = await setUp({ yaml })
  await come('a', 'b', 'c')
  await pass(3600)
  await perform({ ...cleanup, playbook: 'own' })
  t.same(gateway.closed, ['a', 'b'])
})

t.test('a restart of pidwarden loses neither ages nor what belongs to whom', async (t) => {
  const journalPath = join(emptyFolder(t), 'journal.db')
  const { gateway, come, pass, database, host, engine, clock } = await setUp({ journalPath })
  await come('a', 'live', 'b')
  await pass(3600, ['live'])
  database.close()
  clock.advance(300_000)
  gateway.use('live')
  const yaml = sessionYaml(policy.replaceAll('10', '5'))
  const next = createPidwarden({ host, engine, sessionApi: gateway, journalPath, yaml })
  const run = await next.perform(gateway.container, cleanup)
  t.same(gateway.closed, ['a', 'b'])
  t.match(run.ending, { outcome: 'improved' })
})

t.test('another life of the container is another gateway', async (t) => {
  const { gateway, come, pass, sessions, engine } = await setUp()
  await come('a')
  t.match(sessions.known(gateway.container)?.sessions, [{ id: 'a' }])
  gateway.end('a')
  engine.halt(gateway.container)
  engine.run(gateway.container)
  t.equal(sessions.known(gateway.container), undefined)
  await pass(60)
  t.match(sessions.known(gateway.container), { look: 1, sessions: [] })
})

t.test(
  'where nothing is abandoned the container is restarted, and people hear what clients have to do',
  async (t) => {
    const yaml = `
policy: { thresholds: { processes: { warning: 2, critical: { at: 3, playbook: restart }, emergency: false, nuclear: false } } }`
    const { perform, gateway } = await setUp({ yaml })
    gateway.open('a')
    const { ending, story } = await perform({ ...cleanup, playbook: 'restart' })
    const step = story.steps.find(({ action }) => action === 'restart-container')
    t.match(step?.plan, [{ clients: /have to initialise again/ }])
    t.match(ending.detail, /have to initialise again/)
  },
)
