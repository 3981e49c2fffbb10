import t from 'tap'
import type { SimulatedContainer } from '../support/simulated-docker.ts'
import { addGateway, pidsOf } from '../support/simulated-gateway.ts'
import { denied } from '../support/simulated-host.ts'
import { createPidwarden, type SimulatedPidwarden } from '../support/simulated-pidwarden.ts'

/** What happens to the container after the canary was ended, and how the run ends. */
const cases: readonly (readonly [
  string,
  (setting: SimulatedPidwarden, container: SimulatedContainer) => void,
  object,
])[] = [
  [
    'removed: container_gone',
    ({ engine }, container) => engine.remove(container),
    { outcome: 'skipped', reason: 'container_gone' },
  ],
  [
    'restarted by somebody else: container_replaced',
    ({ engine, clock }, container) => {
      engine.halt(container)
      clock.advance(1)
      engine.run(container)
    },
    { outcome: 'skipped', reason: 'container_replaced' },
  ],
  [
    'no longer opted in: not_enforced',
    (_, container) => {
      container.labels = {}
    },
    { outcome: 'cancelled', reason: 'not_enforced', detail: 'the mode is now observe' },
  ],
  [
    'not to be measured any more: census_unknown',
    ({ host }) => {
      host.cgroupFailure = denied
    },
    { outcome: 'unknown', reason: 'census_unknown' },
  ],
  [
    'stopped: census_unknown',
    (_, container) => {
      container.state = 'exited'
    },
    { outcome: 'unknown', reason: 'census_unknown', detail: 'the container is exited' },
  ],
  ['paused by somebody: not_running', personPauses, { outcome: 'skipped', reason: 'not_running' }],
]

/** docker pause, by a person who wants to have a look. */
function personPauses({ host }: SimulatedPidwarden, container: SimulatedContainer): void {
  container.state = 'paused'
  host.freeze(container.id)
}

for (const [name, happens, expected] of cases) {
  t.test(`in the middle of a run: ${name}`, async (t) => {
    const setting = createPidwarden()
    const { host, engine, perform } = setting
    const { container, duplicate } = addGateway(host, engine)
    duplicate(10)
    let once = true
    host.onEnd = () => {
      if (host.signals.length < 3 || !once) return
      once = false
      happens(setting, container)
    }
    const { ending, story } = await perform(container)
    t.match(ending, expected)
    t.equal(host.signals.length, 3, 'nobody but the canary got a signal')
    t.match(story.before, { duplicates: 10 }, 'what was measured at first is kept')
    t.match(story.steps.at(-1)?.ending, expected)
  })
}

t.test('a program that was replaced since the last scrape is looked at anew', async (t) => {
  const { host, engine, perform, metrics, clock } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  const copies = duplicate(6)
  await clock.drive(metrics.render().then(String))
  // exec keeps pid and start time, and here the name of the program too.
  const { leaf, shell, wrapper } = copies[0]!
  leaf.argv = ['node', '/srv/precious.js']
  const { ending } = await perform(container)
  t.match(ending, { outcome: 'fixed' })
  t.equal(host.signals.length, 15)
  for (const { pid } of [leaf, shell, wrapper]) t.ok(host.processes.has(pid), 'it is no copy any more')
})

for (const look of [2, 3, 4]) {
  t.test(`a container that got well by itself before look ${look} of a run is not restarted`, async (t) => {
    const { host, engine, perform } = createPidwarden()
    const { container, duplicate } = addGateway(host, engine)
    const copies = duplicate(60, { listens: { kind: 'value', value: true } })
    const { refresh } = engine.inventory
    let looks = 0
    engine.inventory.refresh = (id) => {
      // The first admits the run, two are those of the duplicates, and the restart has one of its own.
      if (++looks === look) for (const pid of pidsOf(copies)) host.end(pid)
      return refresh(id)
    }
    const { ending } = await perform(container, { playbook: 'restart', tier: 'nuclear' })
    t.same(host.effects, [], 'the goal holds, so there is nothing left to do')
    t.not(ending.outcome, 'failed')
    t.ok(looks >= look)
  })
}

t.test(
  'a container that a person pauses in the middle of a run stays paused, and is not restarted',
  async (t) => {
    const setting = createPidwarden()
    const { host, engine, perform, journal } = setting
    const { container, duplicate } = addGateway(host, engine)
    duplicate(60)
    let signals = 0
    host.onEnd = () => {
      if (container.state === 'paused') return
      personPauses(setting, container)
      signals = host.signals.length
    }
    const { ending } = await perform(container, { playbook: 'restart', tier: 'nuclear' })
    t.match(ending, { outcome: 'skipped', reason: 'not_running', detail: /paused/ })
    t.same(
      host.effects.filter((effect) => !effect.startsWith('SIG')),
      [],
      'neither stopped nor let go on',
    )
    t.equal(container.state, 'paused')
    t.ok(host.signals.length - signals <= 6, 'no more than the one tree that was being ended')
    t.same(journal.temporaries(), [])
  },
)

t.test('a pause of another run is not this one: it goes no further', async (t) => {
  const setting = createPidwarden()
  const { host, engine, perform, journal, addRun } = setting
  const { container, duplicate } = addGateway(host, engine)
  duplicate(10)
  const other = addRun(container)
  journal.startRun(other.id)
  const step = journal.addStep(other.id, 'pause-and-kill')
  let once = true
  host.onEnd = () => {
    if (!once) return
    once = false
    const [effect = 0] = journal.intend(step, [
      { kind: 'pause', containerId: container.id, life: container.startedAt },
    ])
    personPauses(setting, container)
    journal.complete([{ id: effect, result: 'done' }])
  }
  const { ending } = await perform(container)
  t.match(ending, { outcome: 'skipped', reason: 'not_running' })
})
