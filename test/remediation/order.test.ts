import t from 'tap'
import { order } from '../../src/remediation/order.ts'
import { recover } from '../../src/remediation/recover.ts'
import { ownPlaybook } from '../support/own-playbook.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../support/simulated-pidwarden.ts'

const enforced = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' }
const gibi = 1024 ** 3

function setUp({ yaml = '', labels = {} as Record<string, string> } = {}) {
  const pidwarden = createPidwarden({ yaml })
  const { host, engine, clock, journal, ports, runner, receive } = pidwarden
  const gateway = addGateway(host, engine, 'metamcp', { ...enforced, ...labels })
  const { container } = gateway
  async function ask(name: string, dryRun: boolean) {
    const playbook = ports.playbooks().find(name)
    if (playbook === undefined) throw new Error(`there is no playbook ${name}`)
    return clock.drive(order(playbook, container, dryRun, { runs: ports, runner }))
  }
  const over = () => clock.until(() => runner.inProgress().length === 0)
  return {
    ...pidwarden,
    ...gateway,
    over,
    plan: (name: string) => ask(name, true),
    /** Ordered and carried out. */
    async carryOut(name: string) {
      const ordered = await ask(name, false)
      if (ordered.kind !== 'queued') throw new Error(`it was not queued: ${JSON.stringify(ordered)}`)
      await over()
      const story = journal.story(ordered.runId)
      if (story === undefined) throw new Error('the run is not in the journal')
      return story
    },
    /** Dead children of somebody who does not wait for them. */
    zombies(count: number) {
      const parent = host.spawn(container.id, { ppid: gateway.gateway(), argv: ['python3', 'worker.py'] })
      for (let i = 0; i < count; i++)
        host.spawn(container.id, { ppid: parent.pid, argv: ['child'], state: 'Z', age: 100 })
    },
    /** Bytes in use, of 10 GiB. */
    memory(used: number) {
      host.cgroupFiles.set(container.id, { memoryWorkingSet: used, memoryLimit: 10 * gibi })
    },
    /** An incident that people are asked for. */
    async givenUp(resource: string, tier = 'warning') {
      const alertname = `Pidwarden${resource}`
      receive(alertAbout(container, { resource, tier, playbook: 'record', alertname }))
      await over()
      const incident = journal.incidents.openOf('metamcp')
      if (incident === undefined) throw new Error('there is no incident')
      journal.incidents.needPeople(incident.id, 'the restart failed')
    },
    manual: () => journal.incidents.openOf('metamcp')?.manual,
  }
}
type Setting = ReturnType<typeof setUp>

const healthy = (): void => {}
const judged: readonly (readonly [string, (setting: Setting) => unknown, Record<string, string>])[] = [
  [
    'nothing is wrong: by what the policy calls it for, or what it is for',
    healthy,
    {
      cleanup: 'duplicates critical',
      contain: 'duplicates emergency',
      restart: 'duplicates nuclear',
      reap: 'zombies critical',
      'relieve-memory': 'memory critical',
      'relieve-cpu': 'cpu critical',
      'protect-startup': 'startup emergency',
      'restart-unhealthy': 'health critical',
      'enforce-limits': 'limits critical',
      drain: 'duplicates critical',
      recreate: 'duplicates critical',
      purge: 'duplicates critical',
    },
  ],
  [
    'what is reached is what it has to come down from',
    ({ memory }) => memory(9.2 * gibi),
    { 'relieve-memory': 'memory critical', restart: 'memory critical', cleanup: 'duplicates critical' },
  ],
  [
    'the worst number, and no candidate younger than an alert would have',
    ({ duplicate }) => duplicate(60),
    {
      cleanup: 'duplicates critical',
      contain: 'duplicates emergency',
      restart: 'duplicates nuclear',
      purge: 'duplicates critical',
      reap: 'zombies critical',
    },
  ],
  [
    'a tier that is not reached makes nothing fixed',
    ({ duplicate }) => duplicate(3),
    { cleanup: 'duplicates warning', restart: 'duplicates warning', drain: 'duplicates warning' },
  ],
  [
    'an incident says what it is about, unless the playbook is for something else alone',
    async ({ memory, givenUp }) => {
      memory(8 * gibi)
      await givenUp('memory')
    },
    {
      cleanup: 'memory warning',
      restart: 'memory warning',
      recreate: 'memory warning',
      reap: 'zombies critical',
      'restart-unhealthy': 'health critical',
      'relieve-memory': 'memory warning',
    },
  ],
]

for (const [name, prepare, expected] of judged) {
  t.test(`what an order is judged by: ${name}`, async (t) => {
    const setting = setUp()
    await prepare(setting)
    for (const [playbook, about] of Object.entries(expected)) {
      await setting.plan(playbook)
      const [run] = setting.journal.recentRuns(1)
      t.equal(`${run?.resource} ${run?.tier}`, about, playbook)
    }
  })
}

t.test('zombies that stay are not fixed because there are no duplicates', async (t) => {
  const { zombies, carryOut } = setUp()
  zombies(30)
  const { ending } = await carryOut('reap')
  t.match(ending, { outcome: 'ineffective', detail: /^zombies 30 -> 30, critical begins at 10/ })
})

t.test('memory that stays is not fixed, and what was given up stays so', async (t) => {
  const { memory, givenUp, duplicate, carryOut, manual } = setUp()
  memory(9.2 * gibi)
  await givenUp('memory')
  duplicate(2)
  const { ending } = await carryOut('relieve-memory')
  t.match(ending, { outcome: 'ineffective', detail: /^memory / })
  t.ok(manual())
})

t.test('what was given up is taken up by what was fixed of it, and by nothing else', async (t) => {
  const other = setUp()
  other.zombies(30)
  await other.givenUp('zombies')
  other.memory(gibi)
  other.duplicate(2)
  t.match((await other.carryOut('relieve-memory')).ending, { outcome: 'fixed', detail: /^memory / })
  t.ok(other.manual(), 'the zombies are as they were')

  const same = setUp()
  same.duplicate(6)
  await same.givenUp('duplicates')
  t.match((await same.carryOut('cleanup')).ending, { outcome: 'fixed', detail: /^duplicates 6 -> 0/ })
  t.equal(same.manual(), undefined)
})

t.test('where no number calls for anything, only none at all is fixed', async (t) => {
  const { memory, duplicate, carryOut } = setUp({ labels: { 'pidwarden.preset': 'fix' } })
  memory(9.2 * gibi)
  duplicate(2)
  const { ending } = await carryOut('relieve-memory')
  t.match(ending, { outcome: 'ineffective', detail: /memory has no tier/ })
})

for (const [playbook, labels] of [
  ['restart-unhealthy', { 'pidwarden.thresholds.health.critical': '1' }],
  ['restart-unhealthy', {}],
] as const) {
  t.test(`a person has a crashed container started, ${JSON.stringify(labels)}`, async (t) => {
    const { engine, container, carryOut, host } = setUp({ labels })
    engine.halt(container)
    Object.assign(container, { exitCode: 139, endedBy: 'itself' })
    const { ending } = await carryOut(playbook)
    t.match(ending, { outcome: 'fixed', detail: /^health 1 -> 0/ })
    t.same(host.effects, ['start metamcp'])
  })
}

t.test('a container that somebody has stopped is not started by an order', async (t) => {
  const { engine, container, ports, runner, clock, host } = setUp()
  engine.halt(container)
  Object.assign(container, { exitCode: 137, endedBy: 'order' })
  const playbook = ports.playbooks().find('restart-unhealthy')
  if (playbook === undefined) return t.fail('there is no such playbook')
  const ordered = await clock.drive(order(playbook, container, false, { runs: ports, runner }))
  t.match(ordered, { kind: 'refused', ending: { reason: 'not_running' } })
  t.same(host.effects, [])
})

t.test('a plan in the making is not taken for one that was left behind', async (t) => {
  const {
    plan,
    duplicate,
    journal,
    engine,
    clock,
    runner,
    ports,
    logger: log,
  } = setUp({
    yaml: ownPlaybook(['action: kill-duplicates, goal: below-tier, onMiss: stop']),
  })
  duplicate(6)
  const { refresh } = ports.inventory
  let looks = 0
  Object.assign(ports.inventory, {
    refresh: (id: string) => {
      looks++
      recover({ journal, docker: engine.docker, clock, runner, log })
      return refresh(id)
    },
  })
  t.match(await plan('own'), { kind: 'planned', story: { ending: { outcome: 'dry_run' } } })
  t.ok(looks > 0)
  t.match(journal.runTally(), [{ labels: { outcome: 'dry_run', reason: 'dry_run' }, count: 1 }])
  const [run] = journal.recentRuns(1)
  t.equal(runner.knows(run?.id ?? ''), false, 'it is over')
  t.same(runner.inProgress(), [], "and was in nobody's way")
})
