import t from 'tap'
import { ease, type Held } from '../../src/remediation/ease.ts'
import { settleTemporaries } from '../../src/remediation/recover.ts'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

const minute = 60_000

t.test('when a clamp is eased, and how far', async (t) => {
  const calm: Held = { limit: 100, before: -1, steps: 0, pids: 60, quiet: minute }
  const table: readonly (readonly [string, Partial<Held>, ReturnType<typeof ease>])[] = [
    ['a minute of quiet: twice the room', {}, 140],
    ['not yet a minute', { quiet: minute - 1 }, 'keep'],
    ['at four fifths', { pids: 80 }, 120],
    ['above them', { pids: 81 }, 'keep'],
    ['nearly empty', { pids: 1 }, 199],
    ['above its limit', { pids: 130 }, 'keep'],
    ['not counted', { pids: undefined }, 'keep'],
    ['the third step', { steps: 2 }, 140],
    ['after the third', { steps: 3 }, 'lift'],
    ['after the third, and not quiet', { steps: 3, quiet: 10 }, 'keep'],
    ['after the third, and crowded', { steps: 3, pids: 90 }, 'keep'],
    ['narrower than before', { before: 141 }, 140],
    ['as wide as before', { before: 140 }, 'lift'],
  ]
  for (const [what, given, expected] of table) t.equal(ease({ ...calm, ...given }), expected, what)
})

t.test('no step is ever below what there is, or below the limit before', async (t) => {
  for (let limit = 1; limit < 400; limit += 7) {
    for (let pids = 0; pids < 500; pids += 11) {
      const next = ease({ limit, before: -1, steps: 0, pids, quiet: minute })
      if (typeof next === 'number' && (next <= limit || next <= pids)) t.fail(`${pids} of ${limit}: ${next}`)
    }
  }
  t.pass('in every case')
})

/** A container that is clamped for ten minutes when a run is over, and what looks after it from then on. */
async function clamped({ before = 0, hits = 0 } = {}) {
  const pidwarden = createPidwarden({
    yaml: `
playbooks:
  - name: contain
    description: only holds
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: clamp-pids, onMiss: stop }
`,
  })
  const { host, engine, clock, ports, runner, logger: log, journal } = pidwarden
  const gateway = addGateway(host, engine)
  const { container } = gateway
  host.cgroupFiles.set(container.id, { pidsLimitHits: hits })
  if (before > 0) await engine.docker.update(container.id, { pids: before })
  host.effects.length = 0
  gateway.duplicate(25)
  const { story } = await pidwarden.perform(container, {
    playbook: 'protect-startup',
    tier: 'emergency',
    resource: 'startup',
  })
  const calm = new Map()
  const settle = () => clock.drive(settleTemporaries({ ...ports, runner, log, calm }))
  return {
    ...pidwarden,
    ...gateway,
    story,
    calm,
    settle,
    /** As the service does: a look every 30 seconds. */
    async pass(minutes: number) {
      for (let left = minutes * 2; left > 0; left--) {
        clock.advance(minute / 2)
        await settle()
      }
    },
    hit: () => {
      const files = host.cgroupFiles.get(container.id)
      host.cgroupFiles.set(container.id, { ...files, pidsLimitHits: (files?.pidsLimitHits ?? 0) + 1 })
    },
    limits: () =>
      host.effects.flatMap((effect) => (effect.startsWith('limit') ? [effect.split(' ').at(-1)] : [])),
    effects: () =>
      journal.story(story.id)?.steps.find(({ action }) => action === 'clamp-pids')?.effects ?? [],
  }
}

t.test(
  'a container that exploded at its start is held beyond the run, and let go step by step',
  async (t) => {
    const { story, limits, pass, settle, effects, container, journal, host, logs } = await clamped()
    t.match(story.ending, { outcome: 'fixed' })
    t.same(limits(), ['96'], '80 tasks, and room for 16 more')
    t.match(story.steps[1]?.plan, [{ pids: 80, limit: 96, note: 'kept for 600 s at most, and eased before' }])
    await settle()
    await pass(0.5)
    t.same(limits(), ['96'])
    await pass(1)
    // 5 processes are left. Room 91 -> 182 -> 364 -> 728.
    t.same(limits(), ['96', '187'])
    await pass(4)
    t.same(limits(), ['96', '187', '369', '733', '-1'])
    t.match(effects(), [
      { kind: 'clamp', limits: { pids: 96 }, limitsBefore: { pids: -1 }, result: 'done' },
      { kind: 'clamp', limits: { pids: 187 }, limitsBefore: { pids: -1 }, result: 'done' },
      { kind: 'clamp', limits: { pids: 369 }, limitsBefore: { pids: -1 }, result: 'done' },
      { kind: 'clamp', limits: { pids: 733 }, limitsBefore: { pids: -1 }, result: 'done' },
      { kind: 'unclamp', limits: { pids: -1 }, result: 'done' },
    ])
    t.same(container.limits, {})
    t.equal(host.cgroupFiles.get(container.id)?.pidsLimit, undefined)
    t.same(journal.temporaries(), [])
    t.match(logs.join(''), /a clamp is eased/)
  },
)

t.test('whoever hits the limit keeps it, but not for ever', async (t) => {
  const { limits, pass, hit, journal } = await clamped()
  for (let minutes = 0; minutes < 9; minutes++) {
    await pass(0.5)
    hit()
    await pass(0.5)
  }
  t.same(limits(), ['96'])
  await pass(1)
  t.same(limits(), ['96', '-1'], 'its time is over')
  t.same(journal.temporaries(), [])
})

t.test('whoever fills it keeps it, and is let go when it is quiet again', async (t) => {
  const { limits, pass, duplicate, host } = await clamped()
  const more = duplicate(25)
  await pass(3)
  t.same(limits(), ['96'], '80 of 96')
  for (const { wrapper, shell, leaf } of more) for (const { pid } of [leaf, shell, wrapper]) host.end(pid)
  await pass(1)
  t.equal(limits().length, 2)
})

t.test('what is not known is no reason to let go', async (t) => {
  const { limits, pass, host, container, engine } = await clamped()
  const files = host.cgroupFiles.get(container.id)
  host.cgroupFiles.set(container.id, { pidsLimit: 96 })
  await pass(3)
  t.same(limits(), ['96'], 'nobody counts the hits')
  host.cgroupFiles.set(container.id, files ?? {})
  host.cgroupFailure = { kind: 'denied', detail: 'no' }
  await pass(2)
  host.cgroupFailure = undefined
  engine.failures.inspect.push(unreachable(), unreachable())
  await pass(1)
  t.same(limits(), ['96'])
  await pass(2)
  t.equal(limits()[1], '187')
})

t.test('a limit that there was is the widest step, and comes back', async (t) => {
  const { limits, pass, container } = await clamped({ before: 150 })
  await pass(3)
  t.same(limits(), ['96', '150'])
  t.equal(container.limits.pids, 150)
})

t.test('a limit that somebody has set since stays', async (t) => {
  const { limits, pass, container, engine, effects } = await clamped()
  await engine.docker.update(container.id, { pids: 300 })
  await pass(11)
  t.same(limits(), ['96', '300'])
  t.match(effects().at(-1), { kind: 'unclamp', result: 'changed' })
})

t.test('a step that the kernel does not take, or Docker, is no step', async (t) => {
  const { limits, pass, engine, effects, journal } = await clamped()
  engine.deafKernel = true
  await pass(2)
  t.match(effects().at(-1), { kind: 'clamp', limits: { pids: 187 }, result: 'failed: the kernel holds 96' })
  await pass(5)
  t.equal(effects().length, 2, 'and none follows from what is not in force')
  engine.deafKernel = false
  await pass(4)
  t.equal(limits().at(-1), '-1', 'it goes in the end')
  t.same(journal.temporaries(), [])

  const away = await clamped()
  await away.pass(0.5)
  away.engine.failures.update.push(unreachable())
  await away.pass(1)
  t.match(away.effects().at(-1), { kind: 'clamp', result: /^failed: connect/ })
  await away.pass(9)
  t.equal(away.limits().at(-1), '-1')
  t.same(away.journal.temporaries(), [])
})

t.test('pidwarden starts anew: what it has seen of the quiet is forgotten, the limit is not', async (t) => {
  const { limits, pass, calm } = await clamped()
  await pass(1)
  calm.clear()
  await pass(1)
  t.same(limits(), ['96'])
  await pass(0.5)
  t.equal(limits().length, 2)
})

t.test('a clock that is put back holds nobody longer', async (t) => {
  const { limits, settle, clock } = await clamped()
  const { now } = clock
  clock.now = () => now() - 24 * 60 * minute
  await settle()
  t.same(limits(), ['96', '-1'])
})

t.test('a run that clamps what is held already gives back what is held', async (t) => {
  const { limits, perform, container, duplicate, pass, journal } = await clamped()
  await pass(1.5)
  t.same(limits(), ['96', '187'])
  duplicate(21)
  t.match((await perform(container, { playbook: 'contain', tier: 'emergency' })).ending, {
    outcome: 'ineffective',
  })
  t.same(limits(), ['96', '187', '84', '187'])
  t.same(
    journal.temporaries().map((one) => one.limits.pids),
    [96, 187],
  )
  await pass(10)
  t.equal(limits().at(-1), '-1')
  t.same(journal.temporaries(), [])
})

t.test('a container that is removed, or has begun another life', async (t) => {
  const { pass, engine, container, journal, effects } = await clamped()
  engine.remove(container)
  await pass(0.5)
  t.same(journal.temporaries(), [])
  t.match(effects().at(-1), { kind: 'unclamp', result: 'gone' })

  const again = await clamped()
  again.engine.halt(again.container)
  again.engine.run(again.container)
  await again.pass(11)
  t.equal(again.limits().at(-1), '-1', 'Docker keeps the limit for the next life')
})

t.test('tiers are those of the limits that a container has of its own', async (t) => {
  const { observer, container, pass, limits, engine, journal, database } = await clamped({ before: 1000 })
  const pids = () => observer.observe(container).thresholds.pids
  t.same(limits(), ['96'])
  t.match(pids(), { warning: { at: 750 }, nuclear: { at: 1000 } })
  await engine.docker.update(container.id, { pids: 500 })
  t.match(pids(), { nuclear: { at: 500 } }, 'which somebody may have changed since')
  await engine.docker.update(container.id, { pids: 96 })
  database.exec('ALTER TABLE effects RENAME TO away')
  journal.changes.tell('effect', 1)
  t.match(pids(), { nuclear: { at: 1000 } }, 'whoever counts does not wait for the disk')
  database.exec('ALTER TABLE away RENAME TO effects')
  await pass(10)
  t.equal(container.limits.pids, 1000)
  t.match(pids(), { warning: { at: 750 }, nuclear: { at: 1000 } })

  const unlimited = await clamped()
  const { thresholds } = unlimited.observer.observe(unlimited.container)
  t.same(
    thresholds.pids,
    { warning: { at: 75, playbook: 'record' } },
    'none: a warning of that which the policy wants',
  )
})
