import t from 'tap'
import type { RunStory } from '../../src/journal/records.ts'
import { addGateway, pidsOf, startServer } from '../support/simulated-gateway.ts'
import type { SentSignal } from '../support/simulated-host.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** Pids that got a signal together, batch by batch. */
const batches = (signals: readonly SentSignal[], name: string) =>
  [
    ...Map.groupBy(
      signals.filter(({ signal }) => signal === name),
      ({ at }) => at,
    ).values(),
  ].map((batch) => batch.map(({ pid }) => pid))

t.test('TERM goes to whole trees, leaves first, in batches of 1, 2, 4 and the rest', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate, legitimate, gateway } = addGateway(host, engine)
  const copies = duplicate(8)
  const { ending } = await perform(container)
  t.match(ending, { outcome: 'fixed', reason: 'cleared' })
  const sent = batches(host.signals, 'SIGTERM')
  t.same(
    sent.map((batch) => batch.length / 3),
    [1, 2, 4, 1],
  )
  // The copies have one age, so that the youngest are those with the highest pids.
  const leavesFirst = [...copies].reverse().map((copy) => [copy.leaf.pid, copy.shell.pid, copy.wrapper.pid])
  t.same(sent.flat(), leavesFirst.flat())
  t.same(batches(host.signals, 'SIGKILL'), [], 'nobody who obeys is killed')
  t.same(
    host.in(container.id).map(({ pid }) => pid),
    [container.pid, gateway(), ...pidsOf([legitimate])],
    'what belongs there lives',
  )
})

t.test('no batch is larger than 64 trees', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(200)
  const { ending } = await perform(container)
  t.match(ending, { outcome: 'fixed', reason: 'cleared' })
  t.same(
    batches(host.signals, 'SIGTERM').map((batch) => batch.length / 3),
    [1, 2, 4, 8, 16, 32, 64, 64, 9],
  )
})

t.test('sockets are looked at for those whose turn it is', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  const copies = duplicate(8)
  const asked: number[] = []
  const { listens } = host.procfs
  host.procfs.listens = (pid) => {
    asked.push(pid)
    return listens(pid)
  }
  t.match((await perform(container)).ending, { outcome: 'fixed' })
  t.same(asked.sort(), [...pidsOf(copies)].sort(), 'each process once')
})

t.test('who listens gives his place to the next', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  const silent = duplicate(8)
  const listening = duplicate(3, { age: 100, listens: { kind: 'value', value: true } })
  const { ending } = await perform(container)
  t.match(ending, { outcome: 'fixed', detail: /11 -> 3/ })
  t.same(
    batches(host.signals, 'SIGTERM').map((batch) => batch.length / 3),
    [1, 2, 4, 1],
  )
  for (const pid of pidsOf(silent)) t.notOk(host.processes.has(pid))
  for (const pid of pidsOf(listening)) t.ok(host.processes.has(pid))
})

t.test('a plan names two hundred, and counts the rest', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  const plansOf = (story: RunStory) =>
    story.steps.find(({ action }) => action === 'kill-duplicates')?.plan as { more?: number }[]
  duplicate(150)
  t.notOk(plansOf((await perform(container)).story).some(({ more }) => more !== undefined))
  duplicate(300)
  const first = plansOf((await perform(container)).story).slice(0, 203)
  t.match(first[0], { pid: Number, verdict: 'kill', reason: 'duplicate' })
  t.match(first[199], { pid: Number, verdict: 'later', reason: 'duplicate' })
  t.same(first.slice(200), [
    { more: 100, what: 'later: duplicate' },
    { more: 1, what: 'keep: allowed_copy' },
    { more: 1, what: 'keep: init' },
  ])
})

t.test('the canary and the last batch settle in full, those between briefly', async (t) => {
  const { host, engine, perform, settings } = createPidwarden()
  settings.settle = 7
  const { container, duplicate } = addGateway(host, engine)
  duplicate(8)
  await perform(container)
  const times = [...new Set(host.signals.map(({ at }) => at))]
  t.same(times, [0, 7000, 7500, 8000])
})

t.test('only who ignores TERM is killed, once the grace is over', async (t) => {
  const { host, engine, perform, settings } = createPidwarden()
  const { container, duplicate, gateway } = addGateway(host, engine)
  const stubborn = startServer(host, container.id, gateway(), 'memory', { stubborn: true })
  const obedient = duplicate(4)
  const { ending, story } = await perform(container)
  t.equal(ending.outcome, 'fixed')
  const killed = batches(host.signals, 'SIGKILL')
  const leavesFirst = [stubborn.leaf.pid, stubborn.shell.pid, stubborn.wrapper.pid]
  t.same(killed, [leavesFirst])
  const intended = story.steps.flatMap((step) => step.effects).filter(({ signal }) => signal === 'SIGKILL')
  t.same(
    intended.map(({ pid }) => pid),
    leavesFirst,
    'of its batch, it alone was meant to be killed',
  )
  const term = host.signals.find(({ pid }) => pid === stubborn.leaf.pid)
  const kill = host.signals.find(({ signal }) => signal === 'SIGKILL')
  t.ok((kill?.at ?? 0) - (term?.at ?? 0) >= settings.grace * 1000, 'not before the grace is over')
  for (const pid of pidsOf(obedient)) t.notOk(host.processes.has(pid))
})

t.test('a process that not even KILL ends does not hold the run for ever', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  const { leaf } = duplicate(5)[4]!
  leaf.stuck = true
  await perform(container)
  t.ok(host.processes.has(leaf.pid))
  const got = host.signals.filter(({ pid }) => pid === leaf.pid).map(({ signal }) => signal)
  t.same(got.slice(0, 2), ['SIGTERM', 'SIGKILL'])
  t.equal(host.processes.size, 6, 'everything else is gone as planned')
})

t.test('a zombie has ended: it is neither waited for nor killed', async (t) => {
  const { host, engine, perform, settings } = createPidwarden()
  const { container, duplicate, gateway } = addGateway(host, engine)
  duplicate(5)
  host.onEnd = (process) => {
    if (process.ppid !== gateway()) return
    // Its parent does not reap it.
    host.processes.set(process.pid, { ...process, state: 'Z' })
  }
  const { ending } = await perform(container)
  t.equal(ending.outcome, 'fixed')
  t.same(batches(host.signals, 'SIGKILL'), [])
  t.ok(host.clock.monotonic() < settings.grace * 1000 * 3)
})

t.test('what comes back is noticed, and the killing stops', async (t) => {
  const { host, engine, perform, settings } = createPidwarden()
  settings.minimumAge.critical = 0
  const { container, duplicate, respawn } = addGateway(host, engine)
  duplicate(20)
  respawn()
  const { ending, story } = await perform(container)
  t.match(ending, { outcome: 'ineffective', reason: 'respawned' })
  const step = story.steps.find(({ action }) => action === 'kill-duplicates')
  t.match(step?.ending, { outcome: 'ineffective', reason: 'respawned', detail: /^7 instances/ })
  t.equal(batches(host.signals, 'SIGTERM').length, 3, 'after the batch of four it is proven')
})

t.test('a few that come back are noticed too', async (t) => {
  const { host, engine, perform, settings } = createPidwarden()
  settings.minimumAge.critical = 0
  const { container, duplicate, respawn } = addGateway(host, engine)
  duplicate(2)
  // Something else in the container takes the count to the tier, so that the playbook is due.
  for (let i = 0; i < 30; i++) {
    host.spawn(container.id, { ppid: container.pid, argv: ['worker', String(i)] })
  }
  respawn()
  const { ending } = await perform(container, { resource: 'processes' })
  t.match(ending, { outcome: 'ineffective', reason: 'respawned' })
  t.ok(batches(host.signals, 'SIGTERM').length < 10, 'the same two are not ended over and over')
})

t.test('who is too young is waited for, where the others were not enough', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(4)
  const [young] = duplicate(6, { age: 20 })
  const { ending } = await perform(container)
  t.equal(ending.outcome, 'fixed')
  const first = host.signals.find(({ pid }) => pid === young?.wrapper.pid)
  t.ok((first?.at ?? 0) >= 40_000, 'it lives until it is 60 s old')
  t.ok(host.signals.some(({ at }) => at < 40_000))
})

t.test('who is too young is not waited for once the goal holds', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(4)
  const [young] = duplicate(1, { age: 20 })
  const { ending } = await perform(container)
  t.equal(ending.outcome, 'fixed')
  t.notOk(host.signals.some(({ pid }) => pid === young?.wrapper.pid))
  t.ok(
    host.signals.every(({ at }) => at < 20_000),
    'and the run is over',
  )
})

t.test('orphans go before duplicates, the longest-lived first', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate, orphan } = addGateway(host, engine)
  const old = orphan(1, { age: 900 })
  const older = orphan(1, { age: 1200 })
  const copies = duplicate(5)
  await perform(container)
  const order = host.signals.map(({ pid }) => pid)
  t.same(
    order.slice(0, 4),
    [older, old].flatMap(([one]) => [one!.leaf.pid, one!.shell.pid]),
  )
  t.same([...order.slice(4)].sort(), [...pidsOf(copies)].sort())
})

t.test('a signal that the kernel refuses ends the run', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6)
  host.sendError = Object.assign(new Error('pidfd_send_signal: EPERM'), { code: 'EPERM' })
  const { ending, story } = await perform(container)
  t.match(ending, { outcome: 'failed', reason: 'action_failed', detail: /SIGTERM.*EPERM/ })
  t.same(host.signals, [])
  const effects = story.steps.flatMap((step) => step.effects)
  t.equal(effects.length, 3, 'no second batch')
  for (const { result } of effects) t.match(result, /^failed: .*EPERM/)
})

t.test('between two batches a cancelled run stops, within one it finishes', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(8, { stubborn: true })
  const cancel = new AbortController()
  host.beforeOpen = () => cancel.abort(new Error('enough'))
  const { ending } = await perform(container, {}, cancel)
  t.match(ending, { outcome: 'failed', reason: 'action_failed', detail: 'enough' })
  t.same(batches(host.signals, 'SIGTERM').length, 1)
  t.same(batches(host.signals, 'SIGKILL').length, 1, 'the tree that was begun is finished')
})

t.test('who never gets old enough fails at its start: nobody is ended, and people are told', async (t) => {
  const { host, engine, clock, perform } = createPidwarden()
  const { container, duplicate, legitimate } = addGateway(host, engine)
  const fresh = () => duplicate(5, { age: 0 })
  const failing = async (): Promise<void> => {
    for (let lives = 0; lives < 20; lives++) {
      const copies = fresh()
      await clock.sleep(20_000)
      for (const pid of pidsOf(copies).toReversed()) host.end(pid)
    }
  }
  const over = failing()
  const { ending, story } = await perform(container)
  t.match(ending, { outcome: 'skipped', reason: 'crash_loop', detail: /mcp-memory: each ends by itself/ })
  t.same(host.signals, [])
  t.ok(pidsOf([legitimate]).every((pid) => host.processes.has(pid)))
  t.match(story.steps.at(-1), { action: 'kill-duplicates' }, 'and nothing harder comes behind it')
  await clock.drive(over)
})

t.test('one of them that stays is no sign of that', async (t) => {
  const { host, engine, clock, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  const failing = async (): Promise<void> => {
    for (let lives = 0; lives < 10; lives++) {
      const copies = duplicate(6, { age: 0 })
      // The tree of each round's last copy stays.
      const brief = copies.slice(0, 5)
      await clock.sleep(20_000)
      for (const pid of pidsOf(brief).toReversed()) host.end(pid)
    }
  }
  const over = failing()
  const { ending } = await perform(container)
  t.not(ending.reason, 'crash_loop')
  t.ok(host.signals.length > 0)
  await clock.drive(over)
})

t.test('what comes back, and is fewer for a moment, is no improvement', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate, gateway } = addGateway(host, engine)
  duplicate(45)
  let ended = 0
  host.onEnd = ({ ppid }) => {
    if (ppid !== gateway()) return
    // Under the pause one in three does not come back at once.
    const isLate = host.effects.includes(`pause ${container.name}`) && ++ended % 3 === 0
    if (!isLate) startServer(host, container.id, gateway())
  }
  const { ending, story } = await perform(container, { playbook: 'contain', tier: 'emergency' })
  const { before, after } = story
  t.ok((after?.duplicates ?? 0) < (before?.duplicates ?? 0), 'fewer than before')
  t.match(ending, { outcome: 'ineffective', reason: 'respawned' })
})
