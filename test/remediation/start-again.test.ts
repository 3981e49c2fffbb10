import t from 'tap'
import { DockerError } from '../../src/host/docker.ts'
import { startAgain } from '../../src/remediation/start-again.ts'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** A container that is to be started after its first life; `starts` counts the attempts. */
function setUp() {
  const pidwarden = createPidwarden()
  const { host, engine, clock } = pidwarden
  const { container } = addGateway(host, engine)
  const stopped = { id: container.id, life: container.startedAt, at: clock.now() }
  let starts = 0
  const { docker } = engine
  const start = () => {
    starts++
    return docker.start(container.id)
  }
  return {
    ...pidwarden,
    container,
    starts: () => starts,
    again: (patience = 60_000) => clock.drive(startAgain(stopped, patience, { docker, clock, start })),
  }
}

for (const state of ['exited', 'dead', 'created'] as const) {
  t.test(`${state}: started, and seen to run in a new life`, async (t) => {
    const { engine, container, again, starts } = setUp()
    const before = container.startedAt
    engine.halt(container)
    container.state = state
    t.equal(await again(), 'running')
    t.equal(starts(), 1)
    t.not(container.startedAt, before)
  })
}

t.test('somebody else was faster: nothing is started twice', async (t) => {
  const { engine, container, again, starts, clock } = setUp()
  engine.halt(container)
  engine.run(container)
  t.equal(await again(), 'running')
  container.state = 'restarting'
  t.equal(await again(), 'running', 'a restart policy is at it')
  engine.halt(container)
  t.equal(await again(), 'ended_since', 'that it ended again is not our doing')
  t.equal(starts(), 0)
  t.equal(clock.monotonic(), 0, 'at once')
})

t.test('a stop that goes on in the engine: the old life that still runs is no success', async (t) => {
  const { engine, container, again, starts, clock } = setUp()
  engine.slowStop = 12_000
  await t.rejects(engine.docker.stop(container.id, 10), { code: 'timeout' })
  await engine.docker.start(container.id)
  t.equal(container.state, 'running', 'answered like a success, though it is about to end')
  t.equal(await again(), 'running')
  t.equal(container.state, 'running')
  t.equal(starts(), 1, 'once the old life was over')
  t.ok(clock.monotonic() >= 12_000)
})

t.test('a start without effect is not believed', async (t) => {
  const { host, engine, container, clock } = setUp()
  const stopped = { id: container.id, life: container.startedAt, at: clock.now() }
  engine.halt(container)
  let calls = 0
  const start = async () => {
    if (++calls === 3) engine.run(container)
  }
  const ports = { docker: engine.docker, clock, start }
  t.equal(await clock.drive(startAgain(stopped, 60_000, ports)), 'running')
  t.equal(calls, 3)
  t.same(host.effects, [])
})

t.test('whatever fails is tried again, with longer and longer pauses', async (t) => {
  const { engine, container, again, starts, clock } = setUp()
  engine.halt(container)
  engine.failures.inspect.push(unreachable(), new DockerError('failed', 'inspect: 500'))
  engine.failures.start.push(...Array.from({ length: 5 }, unreachable))
  t.equal(await again(), 'running')
  t.equal(starts(), 6)
  // Seven failures, and a look at what the last start did.
  t.equal(clock.monotonic(), 500 + 1000 + 2000 + 4000 + 8000 + 15_000 + 15_000 + 15_000)
})

t.test('patience has an end, and the last error is told', async (t) => {
  const { engine, container, again, clock } = setUp()
  engine.halt(container)
  engine.failures.start.push(...Array.from({ length: 99 }, () => new DockerError('failed', 'no such image')))
  t.same(await again(), { failed: 'no such image' })
  t.ok(clock.monotonic() >= 60_000 && clock.monotonic() < 80_000)
})

for (const moment of ['before', 'between two attempts'] as const) {
  t.test(`removed ${moment}: gone`, async (t) => {
    const { engine, container, again, clock } = setUp()
    engine.halt(container)
    if (moment === 'before') engine.remove(container)
    else {
      engine.failures.start.push(...Array.from({ length: 99 }, unreachable))
      clock.sleep(5000).then(() => engine.remove(container), t.error)
    }
    t.equal(await again(), 'gone')
    t.same(engine.containers.size, 0)
  })
}

t.test('a start that finds no network is not taken for a container that is gone', async (t) => {
  const { engine, container, again, clock } = setUp()
  engine.halt(container)
  const missing = () => new DockerError('not_found', 'start: 404: network x not found')
  engine.failures.start.push(missing(), missing())
  t.equal(await again(), 'running')
  engine.halt(container)
  const before = clock.monotonic()
  container.startedAt = '2026-11-20T11:00:00Z'
  engine.failures.start.push(...Array.from({ length: 99 }, missing))
  const stopped = { id: container.id, life: container.startedAt, at: clock.now() }
  const { docker } = engine
  const start = () => docker.start(container.id)
  t.same(await clock.drive(startAgain(stopped, 60_000, { docker, clock, start })), {
    failed: 'start: 404: network x not found',
  })
  t.ok(clock.monotonic() - before >= 60_000)
})

t.test('a stop that was refused is given up: a later one is meant', async (t) => {
  const { engine, container, again, starts, clock } = setUp()
  container.stopTimeout = 30
  t.match(await again(), { failed: /still runs/ }, 'it might end yet')
  t.match(await again(), { failed: /still runs/ })
  t.equal(await again(), 'not_stopped', 'two minutes after its grace it will not')
  t.ok(clock.monotonic() > 150_000)
  t.equal(starts(), 0)
  t.equal(container.state, 'running')
  engine.halt(container)
  t.equal(starts(), 0)
})
