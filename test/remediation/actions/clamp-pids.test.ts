import { join } from 'node:path'
import t from 'tap'
import { settleTemporaries } from '../../../src/remediation/recover.ts'
import { emptyFolder } from '../../support/folder.ts'
import { unreachable } from '../../support/simulated-docker.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

const contain = { playbook: 'contain', tier: 'emergency' }

function setUp(options: Parameters<typeof createPidwarden>[0] = {}) {
  const pidwarden = createPidwarden(options)
  const gateway = addGateway(pidwarden.host, pidwarden.engine)
  const calm = new Map()
  const settle = () =>
    pidwarden.clock.drive(
      settleTemporaries({ ...pidwarden.ports, runner: pidwarden.runner, log: pidwarden.logger, calm }),
    )
  const limits = () => pidwarden.host.effects.filter((effect) => effect.startsWith('limit'))
  return { ...pidwarden, ...gateway, settle, limits }
}

t.test('growth is stopped before anything is ended, and allowed again when all is over', async (t) => {
  const { duplicate, container, host, perform, journal } = setUp()
  duplicate(25)
  const { ending, story } = await perform(container, contain)
  t.match(ending, { outcome: 'fixed' })
  // 80 tasks, and room for 16 more.
  t.equal(host.effects[0], 'limit metamcp 96')
  t.equal(host.effects.at(-1), 'limit metamcp -1')
  t.same(container.limits, {})
  t.equal(host.cgroupFiles.get(container.id)?.pidsLimit, undefined)
  const step = story.steps.find(({ action }) => action === 'clamp-pids')
  t.match(step?.plan, [{ pids: 80, limitNow: 'none', limit: 96 }])
  t.match(journal.story(story.id)?.steps.find(({ action }) => action === 'clamp-pids')?.effects, [
    { kind: 'clamp', limits: { pids: 96 }, limitsBefore: { pids: -1 }, result: 'done' },
    { kind: 'unclamp', limits: { pids: -1 }, result: 'done' },
  ])
  t.same(journal.temporaries(), [])
})

t.test('a tenth of many is more room, and a limit that there was comes back', async (t) => {
  const { duplicate, container, host, engine, perform, limits } = setUp()
  await engine.docker.update(container.id, { pids: 5000 })
  host.effects.length = 0
  duplicate(200)
  await perform(container, contain)
  t.same(limits(), ['limit metamcp 666', 'limit metamcp 5000'])
})

t.test('a limit that is as low already is left alone', async (t) => {
  const { duplicate, container, host, engine, perform, limits } = setUp()
  await engine.docker.update(container.id, { pids: 90 })
  host.effects.length = 0
  duplicate(25)
  const { story } = await perform(container, contain)
  t.same(limits(), [])
  t.match(story.steps[1], { action: 'clamp-pids', ending: { outcome: 'skipped', reason: 'already_limited' } })
})

t.test('it is taken back when the run is cancelled, and when a later step fails', async (t) => {
  const cancelled = setUp()
  cancelled.duplicate(25, { age: 1 })
  const cancel = new AbortController()
  const over = cancelled.perform(cancelled.container, contain, cancel)
  cancelled.clock.sleep(2000).then(
    () => cancel.abort(new Error('no more')),
    () => {},
  )
  await over
  t.same(cancelled.limits(), ['limit metamcp 96', 'limit metamcp -1'])

  const failing = setUp()
  failing.duplicate(25)
  failing.host.sendError = new Error('EPERM')
  t.match((await failing.perform(failing.container, contain)).ending, { outcome: 'failed' })
  t.same(failing.limits(), ['limit metamcp 96', 'limit metamcp -1'])
})

t.test('where Docker does not set it, the cleanup goes on without', async (t) => {
  const { duplicate, container, engine, perform, limits, legitimate, host } = setUp()
  duplicate(25)
  engine.failures.update.push(new Error('no cgroup'))
  const { ending, story } = await perform(container, contain)
  t.match(ending, { outcome: 'fixed' })
  t.match(story.steps[1], { ending: { outcome: 'failed', reason: 'action_failed', detail: /no cgroup/ } })
  // Whether it was set is not known: it is taken back all the same.
  t.same(limits(), ['limit metamcp -1'])
  t.ok(host.processes.has(legitimate.leaf.pid))
})

t.test('a limit that the kernel does not hold is no limit, and the step says so', async (t) => {
  const { duplicate, container, engine, perform } = setUp()
  duplicate(25)
  engine.deafKernel = true
  const { story } = await perform(container, contain)
  t.match(story.steps[1], {
    ending: {
      outcome: 'ineffective',
      reason: 'limit_not_enforced',
      detail: /set to 96, and the kernel holds none/,
    },
  })
})

t.test('what could not be taken back is tried again until it is', async (t) => {
  const { duplicate, container, engine, perform, settle, journal, limits, logs } = setUp()
  duplicate(25)
  engine.failures.update.push(...[])
  const docker = engine.docker.update
  let calls = 0
  engine.docker.update = async (id, change) => {
    if (++calls === 2 || calls === 3) throw unreachable
    return docker(id, change)
  }
  await perform(container, contain)
  t.match(journal.temporaries(), [{ name: 'metamcp', limits: { pids: 96 }, limitsBefore: { pids: -1 } }])
  await settle()
  t.equal(journal.temporaries().length, 1)
  t.ok(logs.some((line) => line.includes('could not be taken back')))
  await settle()
  t.same(journal.temporaries(), [])
  t.same(limits(), ['limit metamcp 96', 'limit metamcp -1'])
  await settle()
  t.equal(limits().length, 2, 'once')
})

t.test('after a crash it is taken back; a limit that somebody else has set since stays', async (t) => {
  for (const [other, expected] of [
    [undefined, ['limit metamcp 96', 'limit metamcp -1']],
    [200, ['limit metamcp 96', 'limit metamcp 200']],
  ] as const) {
    const journalPath = join(emptyFolder(t), 'journal.db')
    const { container, engine, ports, journal, addRun, settle, limits } = setUp({ journalPath })
    const run = addRun(container, contain)
    journal.startRun(run.id)
    const step = journal.addStep(run.id, 'clamp-pids')
    journal.intend(step, [{ kind: 'clamp', limits: { pids: 96 }, limitsBefore: { pids: -1 } }])
    await engine.docker.update(container.id, { pids: 96 })
    if (other !== undefined) await engine.docker.update(container.id, { pids: other })
    t.ok(ports)
    await settle()
    t.same(limits(), expected)
    t.same(journal.temporaries(), [])
  }
})

t.test('a container that is gone needs nothing, and a dry run sets nothing', async (t) => {
  const { container, engine, journal, addRun, settle, limits } = setUp()
  const run = addRun(container, contain)
  journal.startRun(run.id)
  journal.intend(journal.addStep(run.id, 'clamp-pids'), [
    { kind: 'clamp', limits: { pids: 96 }, limitsBefore: { pids: -1 } },
  ])
  engine.remove(container)
  await settle()
  t.same(journal.temporaries(), [])
  t.same(limits(), [])

  const dry = setUp()
  dry.container.labels = { ...dry.container.labels, 'pidwarden.mode': 'dry-run' }
  dry.duplicate(25)
  const { story } = await dry.perform(dry.container, contain)
  t.same(dry.limits(), [])
  t.match(story.steps[1], { ending: { outcome: 'dry_run' }, plan: [{ limit: 96 }] })
})
