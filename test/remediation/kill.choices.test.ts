import t from 'tap'
import type { RunStory } from '../../src/journal/records.ts'
import { order } from '../../src/remediation/order.ts'
import { own, ownPlaybook } from '../support/own-playbook.ts'
import { addGateway, type Server, startServer } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** The last lines of ownPlaybook() are those of the policy. */
const anybody = '  victims: any\n'

/** A gateway, and a playbook of its own that takes one step to get below 5 duplicates. */
function setUp(action: string, labels?: Record<string, string>, policy = '') {
  const step = `action: ${action}, goal: below-tier, onMiss: stop`
  const pidwarden = createPidwarden({ yaml: ownPlaybook([step]) + policy })
  const gateway = addGateway(pidwarden.host, pidwarden.engine, 'metamcp', labels)
  return { ...pidwarden, ...gateway, perform: () => pidwarden.perform(gateway.container, own) }
}

/** Which servers were asked to end, by when: their place in `servers`. */
function turns(
  { host }: ReturnType<typeof setUp>,
  servers: readonly Server[],
): readonly (readonly number[])[] {
  const places = new Map(servers.map(({ leaf }, place) => [leaf.pid, place]))
  const asked = host.signals.filter(({ signal, pid }) => signal === 'SIGTERM' && places.has(pid))
  return [...Map.groupBy(asked, ({ at }) => at).values()].map((batch) =>
    batch.map(({ pid }) => places.get(pid) ?? -1),
  )
}

/** The first verdict of the first plan. */
const firstOf = ({ steps }: RunStory): unknown => [steps[1]?.plan].flat(2)[0]

t.test('kill-oldest stops as soon as the goal holds, and lets each batch take effect', async (t) => {
  const setting = setUp('kill-oldest')
  setting.settings.settle = 7
  const copies = Array.from({ length: 9 }, (_, place) => setting.duplicate(1, { age: 2000 - place })).flat()
  const { ending } = await setting.perform()
  t.match(ending, { outcome: 'fixed', detail: /9 -> 2/ })
  t.same(turns(setting, copies), [[0], [1, 2], [3, 4, 5, 6]], 'the longest-lived first')
  t.same([...new Set(setting.host.signals.map(({ at }) => at))], [0, 7000, 14_000])
})

t.test('kill-largest goes by the memory of whole trees', async (t) => {
  const setting = setUp('kill-largest')
  const copies = setting.duplicate(6)
  for (const [place, { leaf }] of copies.entries()) leaf.rssPages = 1000 + place
  const [small] = copies
  small!.shell.rssPages = 900
  small!.wrapper.rssPages = 900
  const { ending, story } = await setting.perform()
  t.match(ending, { outcome: 'fixed', detail: /6 -> 3/ })
  t.same(turns(setting, copies), [[0], [5, 4]])
  t.match(firstOf(story), { memoryBytes: 2800 * 4096 })
})

t.test('kill-busiest measures for a second, and goes by the CPU of whole trees', async (t) => {
  const setting = setUp('kill-busiest')
  const { clock, host } = setting
  const copies = setting.duplicate(6)
  // What was used before says nothing of now.
  copies[3]!.leaf.cpuTicks = 1_000_000
  clock.sleep(500).then(
    () => {
      copies[4]!.leaf.cpuTicks += 40
      copies[5]!.leaf.cpuTicks += 30
      copies[5]!.shell.cpuTicks += 20
    },
    () => {},
  )
  const { ending, story } = await setting.perform()
  t.match(ending, { outcome: 'fixed', detail: /6 -> 3/ })
  t.same(turns(setting, copies)[0], [5])
  t.equal(host.signals[0]?.at, 1000)
  t.match(firstOf(story), { cpuCores: 0.5 })
})

t.test('the idle lead, where that was seen before the run', async (t) => {
  const setting = setUp('kill-duplicates')
  const { clock, host, observer, container } = setting
  const copies = setting.duplicate(6)
  await observer.observeAll([container])
  await clock.drive(clock.sleep(6000))
  for (const place of [0, 1, 2, 4, 5]) copies[place]!.leaf.cpuTicks++
  await setting.perform()
  t.equal(turns(setting, copies)[0]?.[0], 3)
  t.equal(host.signals[0]?.at, 6000, 'and nothing is waited for to find it out')
})

t.test('a first look knows nobody to be idle', async (t) => {
  const setting = setUp('kill-duplicates')
  const copies = setting.duplicate(6)
  const { story } = await setting.perform()
  t.same(turns(setting, copies)[0], [5])
  t.match(firstOf(story), { idle: false })
})

for (const action of ['kill-oldest', 'kill-largest', 'kill-busiest']) {
  t.test(`${action}: victims: any ends who has not leaked, down to one of each`, async (t) => {
    const labels = {
      'pidwarden.mode': 'enforce',
      'pidwarden.profile': 'generic',
      'pidwarden.copies': '20',
    }
    const setting = setUp(action, labels, anybody)
    const { host, container, duplicate, legitimate, gateway } = setting
    const copies = duplicate(8)
    const other = startServer(host, container.id, gateway(), 'other')
    const { story } = await setting.perform()
    t.match(story, { ending: { reason: 'tier_not_reached' } }, 'they are no duplicates')
    t.same(host.signals, [])
    const { ending } = await setting.clock.drive(orderOwn(setting))
    t.match(ending, { outcome: 'fixed' }, JSON.stringify(ending))
    for (const { leaf } of copies) t.notOk(host.processes.has(leaf.pid))
    for (const { leaf } of [legitimate, other]) t.ok(host.processes.has(leaf.pid))
    t.ok(host.processes.has(gateway()))
  })
}

/** A person orders the playbook: no tier has to be reached, and no goal ends it early. */
async function orderOwn({ ports, runner, container, journal, clock }: ReturnType<typeof setUp>) {
  const playbook = ports.playbooks().find('own')
  if (playbook === undefined) throw new Error('no playbook')
  const ordered = await order(playbook, container, false, { runs: ports, runner })
  if (ordered.kind !== 'queued') throw new Error(ordered.kind)
  for (;;) {
    const story = journal.story(ordered.runId)
    if (story?.ending !== undefined) return { ending: story.ending, story }
    await clock.sleep(100)
  }
}

t.test('nobody but such as the profile keeps: it says so', async (t) => {
  const setting = setUp('kill-oldest', { 'pidwarden.mode': 'enforce' }, anybody)
  setting.duplicate(8)
  const { ending } = await setting.perform()
  t.match(ending, {
    reason: 'no_candidates',
    detail: /the profile unknown keeps 9 instances that are not known to be orphans/,
  })
  t.same(setting.host.signals, [])
})

t.test('a goal that holds already: nobody is ended', async (t) => {
  const steps = [
    'action: kill-duplicates, with: { atMost: 3 }, onMiss: next',
    'action: kill-oldest, goal: below-tier, onMiss: stop',
  ]
  const { host, engine, perform } = createPidwarden({ yaml: ownPlaybook(steps) })
  const { container, duplicate } = addGateway(host, engine)
  const copies = duplicate(6)
  const { story } = await perform(container, own)
  t.match(story.steps[2], {
    action: 'kill-oldest',
    ending: { outcome: 'skipped', reason: 'tier_not_reached' },
  })
  t.equal(copies.filter(({ leaf }) => host.processes.has(leaf.pid)).length, 3)
})
