import t from 'tap'
import { addGateway } from '../../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../../support/simulated-pidwarden.ts'

const megabyte = 1e6
const wanted = { playbook: 'relieve-memory', tier: 'critical', resource: 'memory' }

/** A container with a limit of 1000 MB, of which its processes hold what they hold; freed `late` milliseconds later. */
function setUp(late = 0) {
  const pidwarden = createPidwarden()
  const { host, engine, clock } = pidwarden
  const gateway = addGateway(host, engine)
  const { id } = gateway.container
  let used = 0
  const tell = () =>
    host.cgroupFiles.set(id, { memoryWorkingSet: used, memoryUsage: used, memoryLimit: 1000 * megabyte })
  tell()
  host.onEnd = ({ rssPages }) => {
    const free = () => {
      used -= rssPages * 4096
      tell()
    }
    if (late === 0) free()
    else clock.sleep(late).then(free, () => {})
  }
  return {
    ...pidwarden,
    ...gateway,
    /** Copies of these sizes, in megabytes. */
    fill(...sizes: readonly number[]) {
      const copies = gateway.duplicate(sizes.length)
      for (const [place, size] of sizes.entries()) {
        const { leaf } = copies[place]!
        leaf.rssPages = Math.round((size * megabyte) / 4096)
        used += leaf.rssPages * 4096
      }
      tell()
      return (place: number): boolean => host.processes.has(copies[place]!.leaf.pid)
    },
  }
}

t.test('the largest go, until it is below the tier, and the others stay', async (t) => {
  const { fill, perform, container } = setUp()
  const lives = fill(50, 400, 100, 300, 60)
  const { ending } = await perform(container, wanted)
  t.match(ending, { outcome: 'fixed', reason: 'cleared' })
  t.same([0, 1, 2, 3, 4].map(lives), [true, false, true, true, true])
})

t.test('memory that is given back late is waited for', async (t) => {
  const { fill, perform, container, clock } = setUp(6000)
  const lives = fill(950)
  const { ending } = await perform(container, wanted)
  t.match(ending, { outcome: 'fixed', reason: 'cleared' })
  t.notOk(lives(0))
  t.ok(clock.monotonic() < 10_000)
})

t.test('memory that no leak holds: nobody is ended, and the playbook of the next tier follows', async (t) => {
  const { host, container, receive, clock, runner, journal } = setUp()
  host.cgroupFiles.set(container.id, { memoryWorkingSet: 920 * megabyte, memoryLimit: 1000 * megabyte })
  receive(alertAbout(container, wanted))
  await clock.until(() => runner.inProgress().length === 0)
  const runs = journal.recentRuns(10)
  t.match(runs.at(-1), { playbook: 'relieve-memory', ending: { reason: 'no_candidates' } })
  t.same(host.signals, [])
})
