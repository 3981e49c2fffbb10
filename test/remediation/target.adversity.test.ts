import t from 'tap'
import { addGateway, pidsOf } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../support/simulated-pidwarden.ts'

function setUp() {
  const pidwarden = createPidwarden()
  const farm = addGateway(pidwarden.host, pidwarden.engine)
  return {
    ...pidwarden,
    ...farm,
    over: () => pidwarden.clock.until(() => pidwarden.runner.inProgress().length === 0),
  }
}
type Setting = ReturnType<typeof setUp>

/** docker rm -f and docker run under the same name: another id, and as much leaked in it. */
function replace({ host, engine, container }: Setting) {
  engine.remove(container)
  const next = addGateway(host, engine)
  next.duplicate(10)
  return next
}

t.test('a container that was replaced before its alert came: the new one is not meant', async (t) => {
  const setting = setUp()
  const { container, host, journal, receive, over } = setting
  const next = replace(setting)
  t.not(next.container.id, container.id)
  t.match(receive(alertAbout(container)), [{ verdict: 'skipped', reason: 'container_gone' }])
  await over()
  t.same(host.effects, [])
  t.same(journal.recentRuns(1), [])
})

t.test('a container that is replaced between its alert and the run: the new one is not meant', async (t) => {
  const setting = setUp()
  const { container, host, journal, engine, receive, over, duplicate, clock } = setting
  duplicate(10, { stubborn: true })
  receive(alertAbout(container))
  await clock.until(() => host.signals.length > 0)
  // Waits behind the first, and is about a container that is no more by the time it begins.
  const [waiting] = receive(alertAbout(container, { resource: 'processes' }, { fingerprint: 'f2' }))
  const before = host.signals.length
  const next = replace(setting)
  const alive = host.in(next.container.id).length
  await over()
  t.equal(host.signals.length, before)
  t.equal(host.in(next.container.id).length, alive)
  t.match(journal.story(waiting?.runId ?? '')?.ending, { outcome: 'skipped', reason: 'container_gone' })
  t.equal(engine.containers.size, 1)
})

t.test('a pid that is given to another process between plan and signal: that one lives', async (t) => {
  const { container, host, journal, duplicate, receive, over } = setUp()
  const leaked = duplicate(10)
  const reused = new Set<number>()
  // Every other victim has ended, and its number is taken, in the moment before it is pinned.
  host.beforeOpen = (pid) => {
    if (reused.size < 5 && !reused.has(pid) && host.processes.has(pid)) {
      host.reuse(pid, { argv: ['postgres'], ppid: container.pid })
      reused.add(pid)
    }
  }
  const [verdict] = receive(alertAbout(container))
  await over()
  t.equal(reused.size, 5)
  for (const pid of reused) t.match(host.processes.get(pid), { argv: ['postgres'] }, `${pid} lives`)
  t.same(
    host.signals.filter(({ pid }) => reused.has(pid)),
    [],
  )
  const story = journal.story(verdict?.runId ?? '')
  const results = story?.steps.flatMap(({ effects }) => effects) ?? []
  t.same(
    new Set(results.filter(({ pid }) => reused.has(pid ?? 0)).map(({ result }) => result)),
    new Set(['changed']),
  )
  t.ok(
    pidsOf(leaked).some((pid) => host.signals.some((signal) => signal.pid === pid)),
    'the others were ended',
  )
})

t.test('an alert about a container of another host costs nothing', async (t) => {
  const { host, engine, journal, database, receive, duplicate, observer, over } = setUp()
  duplicate(10)
  let asked = 0
  for (const verb of ['inspect', 'list', 'stop', 'start'] as const) {
    const { [verb]: call } = engine.docker
    Object.assign(engine.docker, {
      [verb]: (...args: []) => {
        asked++
        return (call as (...all: unknown[]) => unknown)(...args)
      },
    })
  }
  const looked = observer.observe
  observer.observe = (container) => {
    asked++
    return looked(container)
  }
  const elsewhere = { id: 'b'.repeat(64), name: 'metamcp' }
  for (const playbook of ['record', 'cleanup', 'restart']) {
    t.match(receive(alertAbout(elsewhere, { playbook })), [{ verdict: 'skipped', reason: 'other_host' }])
  }
  await over()
  t.equal(asked, 0, 'neither Docker nor the kernel is asked')
  t.equal(database.prepare('SELECT count(*) AS n FROM episodes').get()?.n, 0, 'nothing is written')
  t.same(journal.recentRuns(1), [])
  t.same(host.effects, [], 'least of all to the container that has the same name here')
})
