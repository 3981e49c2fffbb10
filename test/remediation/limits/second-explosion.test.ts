import t from 'tap'
import { order } from '../../../src/remediation/order.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../../support/simulated-pidwarden.ts'

const GiB = 1024 ** 3
const nuclear = { playbook: 'restart', tier: 'nuclear' }

/** A container that can only be helped by a restart, and explodes again as often as it is told to. */
function setUp(labels: Record<string, string> = {}) {
  const pidwarden = createPidwarden()
  const gateway = addGateway(pidwarden.host, pidwarden.engine, 'metamcp', {
    'pidwarden.mode': 'enforce',
    'pidwarden.profile': 'generic',
    ...labels,
  })
  const { container, duplicate } = gateway
  const { host } = pidwarden
  const files = { memoryUsage: 1e8, memoryWorkingSet: 1e8, memoryDirty: 0, memorySwap: 0 }
  host.cgroupFiles.set(container.id, files)
  const explode = (): void => void duplicate(50, { listens: { kind: 'value', value: true } })
  return {
    ...pidwarden,
    ...gateway,
    explode,
    async restart() {
      explode()
      host.effects.length = 0
      const { ending } = await pidwarden.perform(container, nuclear)
      return ending
    },
    restarts: () => host.effects.filter((effect) => effect.startsWith('start')).length,
    kernel: () => host.cgroupFiles.get(container.id) ?? {},
  }
}

t.test('first a restart, then one with stricter limits, and then none', async (t) => {
  const { restart, restarts, kernel, journal } = setUp()
  t.match(await restart(), { outcome: 'fixed', reason: 'cleared' })
  t.equal(restarts(), 1)
  t.notMatch(kernel(), { pidsLimit: 50 }, 'it can happen once')

  const second = await restart()
  t.match(second, {
    outcome: 'fixed',
    reason: 'cleared',
    detail: /after its second explosion, stricter limits: set: /,
  })
  t.equal(restarts(), 1)
  t.match(kernel(), { pidsLimit: 50, memoryLimit: 2 * GiB, memorySwapLimit: 2 * GiB })
  t.match(
    journal
      .story('run-2')
      ?.steps.at(-1)
      ?.effects.map(({ kind }) => kind)
      .slice(0, 3),
    ['stop', 'start', 'limit'],
  )

  const third = await restart()
  t.match(third, {
    outcome: 'skipped',
    reason: 'exploded_again',
    detail: /explodes again under the stricter limits/,
  })
  t.equal(restarts(), 0)
})

t.test('a day later it begins anew', async (t) => {
  const { restart, restarts, clock, kernel } = setUp()
  await restart()
  clock.advance(86_400_000)
  await restart()
  t.notMatch(kernel(), { pidsLimit: 50 })
  t.equal(restarts(), 1)
})

t.test('what it runs when it is well decides: a limit that leaves no room is refused', async (t) => {
  const { restart, kernel, engine, host, gateway, container } = setUp()
  await restart()
  // From now on it comes up with 45 tasks.
  const run = engine.run.bind(engine)
  engine.run = (one) => {
    run(one)
    host.spawn(container.id, { ppid: gateway(), argv: ['node', '/app/pool.js'], threads: 40 })
  }
  const ending = await restart()
  t.match(ending, { outcome: 'fixed', detail: /refused: PIDs 50, as it has 45 tasks, and needs room for 57/ })
  t.equal(kernel().pidsLimit, undefined)
  t.equal(kernel().memoryLimit, 2 * GiB, 'the other one is set')
})

t.test('a container that was as limited from the start is not restarted a second time', async (t) => {
  const { restart, restarts, engine, container } = setUp()
  await engine.docker.update(container.id, { pids: 40, memory: GiB, memorySwap: GiB })
  t.match(await restart(), { outcome: 'fixed' })
  t.match(await restart(), { reason: 'exploded_again' })
  t.equal(restarts(), 0)
})

t.test('a person who orders a restart gets it, and no limits', async (t) => {
  const { restart, restarts, kernel, ports, runner, container, clock, journal, host, explode } = setUp()
  const playbook = ports.playbooks().find('restart')
  if (playbook === undefined) throw new Error('there is no such playbook')
  await restart()
  for (const limits of [{}, { pidsLimit: 50, memoryLimit: 2 * GiB }]) {
    host.cgroupFiles.set(container.id, { ...kernel(), ...limits })
    explode()
    host.effects.length = 0
    const ordered = await order(playbook, container, false, { runs: ports, runner })
    if (ordered.kind !== 'queued') throw new Error(ordered.kind)
    await clock.until(() => journal.run(ordered.runId)?.state === 'done')
    t.equal(restarts(), 1)
    t.notOk(host.effects.some((effect) => effect.startsWith('limit')))
  }
})

t.test('people are needed when it explodes under the stricter limits, at once', async (t) => {
  const { receive, container, clock, runner, journal, explode, restarts, host } = setUp()
  for (const [index, manual] of [undefined, undefined, { reason: /under the stricter limits/ }].entries()) {
    explode()
    host.effects.length = 0
    const alert = { tier: 'nuclear', playbook: 'restart' }
    const [verdict] = receive(
      alertAbout(container, alert, {
        fingerprint: `${index}`.repeat(16),
        startsAt: new Date(clock.now()).toISOString(),
      }),
    )
    t.match(verdict, { verdict: 'queued' })
    await clock.until(() => runner.inProgress().length === 0)
    t.equal(restarts(), manual === undefined ? 1 : 0)
    const incident = journal.incidents.openOf('metamcp')
    if (manual === undefined) t.equal(incident?.manual, undefined)
    else t.match(incident?.manual, manual)
  }
})
