import t from 'tap'
import { addGateway } from '../../support/simulated-gateway.ts'
import type { SimulatedProcess } from '../../support/simulated-host.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

const wanted = { playbook: 'reap', tier: 'critical', resource: 'zombies' }

/** A container with tini, a gateway and one server; who has a handler waits for so many of its children a signal. */
function setUp(labels: Record<string, string> = { 'pidwarden.mode': 'enforce' }) {
  const pidwarden = createPidwarden()
  const { host, engine } = pidwarden
  const farm = addGateway(host, engine, 'app', labels)
  const handlers = new Map<number, number>()
  const open = host.signalPort.open.bind(host.signalPort)
  Object.assign(host.signalPort, {
    open(pid: number) {
      const handle = open(pid)
      if (handle === undefined) return undefined
      return {
        ...handle,
        send(signal: 'SIGCHLD') {
          const sent = handle.send(signal)
          const dead = [...host.processes.values()].filter((one) => one.ppid === pid && one.state === 'Z')
          for (const one of dead.slice(0, handlers.get(pid) ?? 0)) host.processes.delete(one.pid)
          return sent
        },
      }
    },
  })
  return {
    ...pidwarden,
    ...farm,
    waits: (pid: number, children = Number.POSITIVE_INFINITY) => handlers.set(pid, children),
    zombies: (ppid: number, count: number): SimulatedProcess[] =>
      Array.from({ length: count }, () =>
        host.spawn(farm.container.id, { ppid, argv: ['git'], state: 'Z', age: 5 }),
      ),
    left: () => [...host.processes.values()].filter(({ state }) => state === 'Z').length,
  }
}

t.test('a parent that missed a signal is woken, and waits for all of them', async (t) => {
  const { perform, container, zombies, waits, gateway, host, left } = setUp()
  zombies(gateway(), 12)
  waits(gateway())
  const { ending, story } = await perform(container, wanted)
  t.match(ending, { outcome: 'fixed', reason: 'cleared', detail: /zombies 12 -> 0/ })
  t.same(host.effects, [`SIGCHLD ${gateway()}`], 'one signal, which ends nobody')
  t.equal(left(), 0)
  const step = story.steps.at(-1)
  t.match(step?.plan, [
    { command: 'node gateway.js', pid: gateway(), zombies: 12, verdict: 'wake', reason: 'does_not_wait' },
  ])
  t.match(step?.effects, [{ kind: 'signal', signal: 'SIGCHLD', result: 'sent', command: 'node gateway.js' }])
})

t.test('a handler that waits for one child a signal gets as many as it needs', async (t) => {
  const { perform, container, zombies, waits, gateway, host, left } = setUp()
  zombies(gateway(), 15)
  waits(gateway(), 1)
  t.match((await perform(container, wanted)).ending, { outcome: 'fixed' })
  t.equal(host.effects.length, 15)
  t.equal(left(), 0)
})

t.test('those that it has no time for are left for the next run', async (t) => {
  const { perform, container, zombies, waits, gateway, clock } = setUp()
  zombies(gateway(), 300)
  waits(gateway(), 1)
  const { ending } = await perform(container, wanted)
  t.match(ending, { outcome: 'improved', reason: 'still_above' })
  t.ok(clock.monotonic() < 20_000)
  t.match((await perform(container, wanted)).story.steps.at(-1)?.plan, [{ verdict: 'wake' }])
})

t.test('a parent that does not wait is woken a few times, and never ended', async (t) => {
  const { perform, container, zombies, gateway, host, clock, journal } = setUp()
  zombies(gateway(), 12)
  const { ending, story } = await perform(container, wanted)
  const detail = /12 of node gateway.js \(pid \d+\), which lives and does not wait.*an init does not help/
  t.match(ending, { outcome: 'ineffective', reason: 'no_candidates', detail })
  t.match(story.steps.at(-1)?.ending, { detail })
  t.same([...new Set(host.effects)], [`SIGCHLD ${gateway()}`])
  t.equal(host.effects.length, 3)

  const again = await perform(container, wanted)
  t.match(again.ending, { outcome: 'skipped', reason: 'no_candidates', detail })
  t.match(again.story.steps.at(-1)?.plan, [{ verdict: 'keep', reason: 'woken_in_vain' }])
  t.equal(host.effects.length, 3, 'it is not asked for what it does not do')
  t.equal(journal.deeds(0).length, 1, 'and no budget is spent on it')
  t.match(journal.deeds(0), [{ gentle: true }], 'nor any but its own on the signal')
  clock.advance(6 * 3_600_000)
  await perform(container, wanted)
  t.equal(host.effects.length, 6, 'after some hours it is tried once more')
})

t.test('zombies that PID 1 has adopted: the container needs an init', async (t) => {
  const { perform, container, zombies, host } = setUp()
  host.processes.get(container.pid)!.argv = ['node', '/app/server.js']
  zombies(container.pid, 12)
  t.match((await perform(container, wanted)).ending, {
    outcome: 'ineffective',
    detail: /12 of node server.js .* which is PID 1 .* give the container an init \(init: true/,
  })
  t.ok(host.effects.every((effect) => effect === `SIGCHLD ${container.pid}`))
})

t.test('an init that adopts and does not wait is none of that', async (t) => {
  const { perform, container, zombies } = setUp()
  zombies(container.pid, 12)
  t.match((await perform(container, wanted)).ending, { detail: /the init of the container, which should/ })
})

t.test('what is waited for by itself between two looks is no zombie', async (t) => {
  const { perform, container, zombies, gateway, host, clock } = setUp()
  const dying = zombies(gateway(), 12)
  clock.sleep(500).then(() => {
    for (const { pid } of dying) host.processes.delete(pid)
    zombies(gateway(), 12)
  }, t.error)
  const { ending } = await perform(container, wanted)
  t.match(ending, { outcome: 'skipped', reason: 'no_candidates', detail: /no process was a zombie twice/ })
  t.same(host.effects, [])
})

t.test('several parents: each has its verdict, and the one that waits is helped', async (t) => {
  const { perform, container, zombies, waits, gateway, host, legitimate, left } = setUp()
  zombies(gateway(), 4)
  zombies(legitimate.leaf.pid, 8)
  waits(legitimate.leaf.pid)
  const { ending, story } = await perform(container, wanted)
  t.match(story.steps.at(-1)?.plan, [
    { command: 'node mcp-memory', zombies: 8 },
    { command: 'node gateway.js', zombies: 4 },
  ])
  t.equal(left(), 4)
  t.match(
    ending,
    { outcome: 'fixed', detail: /12 -> 4.*4 of node gateway.js/ },
    'below the tier, and what stays is told',
  )
  t.equal(host.effects.filter((one) => one === `SIGCHLD ${legitimate.leaf.pid}`).length, 1)
})

t.test('a parent that ends meanwhile has no zombies any more', async (t) => {
  const { perform, container, zombies, legitimate, host } = setUp()
  const dead = zombies(legitimate.leaf.pid, 12)
  host.beforeOpen = (pid) => {
    host.end(pid)
    for (const one of dead) host.processes.delete(one.pid)
  }
  t.match((await perform(container, wanted)).ending, { outcome: 'fixed' })
  t.same(host.effects, [])
})

t.test('a pid that is another process by now gets no signal', async (t) => {
  const { perform, container, zombies, legitimate, host } = setUp()
  zombies(legitimate.leaf.pid, 12)
  host.beforeOpen = (pid) => {
    host.reuse(pid, { argv: ['precious'] })
    host.beforeOpen = () => {}
  }
  const { story } = await perform(container, wanted)
  t.equal(story.steps.at(-1)?.effects[0]?.result, 'changed')
  t.same(host.effects, [])
})

t.test('a signal that the kernel refuses ends the run, and nothing harder follows', async (t) => {
  const { perform, container, zombies, gateway, host, journal } = setUp()
  zombies(gateway(), 12)
  host.sendError = new Error('pidfd_send_signal: EPERM')
  const { ending } = await perform(container, wanted)
  t.match(ending, { outcome: 'failed', reason: 'action_failed', detail: /SIGCHLD: failed: .*EPERM/ })
  t.equal(journal.recentRuns(10).length, 1)
})

t.test('where the kernel does not tell whose they are, nobody is woken', async (t) => {
  const { perform, container, zombies, gateway, host } = setUp()
  zombies(gateway(), 12)
  Object.assign(host.procfs, { children: () => ({ kind: 'gone' }) })
  t.match((await perform(container, wanted)).ending, { outcome: 'unknown', reason: 'census_unknown' })
  t.same(host.effects, [])
})

t.test('a dry run names the parents, and wakes none', async (t) => {
  const { perform, container, zombies, gateway, host } = setUp({ 'pidwarden.mode': 'dry-run' })
  zombies(gateway(), 12)
  const { ending, story } = await perform(container, wanted)
  t.match(ending, { outcome: 'dry_run' })
  t.match(story.steps.at(-1)?.plan, [{ command: 'node gateway.js', zombies: 12, verdict: 'wake' }])
  t.same(host.effects, [])
})
