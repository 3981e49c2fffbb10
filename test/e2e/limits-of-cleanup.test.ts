import t from 'tap'
import type { RunStory } from '../../src/journal/records.ts'
import { type LeakyContainer, startLeaky } from '../support/leaky-container.ts'
import { labFor, type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const leaking = '@modelcontextprotocol/server-memory'
const optedIn = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' }

const lab = await labFor(t)
if (lab) {
  // Without the emergency tier, which would hold leaks back before all of them are there.
  const config = `
    policy: { thresholds: { duplicates: { emergency: false }, processes: { emergency: false } } }
    remediation: { minimumAge: { critical: 2 }, restartPause: 1 }
  `
  const stack = await startStack(t, lab, { config })

  await t.test('processes that come back: cleanup misses, the container is restarted', async (t) => {
    const container = await startLeaky(lab, { labels: optedIn })
    t.teardown(() => container.remove())
    const legitimate = container.processes().size
    await container.gateway.respawn(true)
    await container.gateway.leak({ server: leaking, count: 60 })
    const restarted = ({ steps, ending }: RunStory): boolean =>
      ending?.outcome === 'fixed' && steps.some(({ action }) => action === 'restart-container')
    const run = await over(stack, container, restarted)
    t.match(run, { playbook: 'restart', ending: { outcome: 'fixed', reason: 'cleared' } })
    const reasons = run.steps.map(({ action, ending }) => [action, ending?.reason])
    t.same(
      reasons.at(-2),
      ['kill-duplicates', 'respawned'],
      'it saw that they come back, and stopped killing',
    )
    t.same(reasons.at(-1), ['restart-container', 'cleared'])
    t.equal(container.processes().size, legitimate)
    await until('the alerts resolve', async () => (await stack.firing(container.id)).length === 0)
  })

  await t.test('profile unknown: only orphans are signalled', async (t) => {
    const container = await startLeaky(lab, { labels: { 'pidwarden.mode': 'enforce' } })
    t.teardown(() => container.remove())
    await container.gateway.leak({ server: leaking, count: 12 })
    const before = new Set(container.processes().values())
    await container.gateway.orphan({ server: leaking, count: 3 })
    // A launcher that was killed is seen for a moment longer.
    const orphans = await until('three leaves have lost their launchers', () => {
      const others = [...container.processes().values()].filter((key) => !before.has(key))
      return others.length === 3 && others
    })
    // On a slow machine the first alert comes before they are there.
    const run = await over(
      stack,
      container,
      ({ playbook, before: found }) => playbook === 'cleanup' && found?.orphans === 3,
    )
    t.same(signalled(run), orphans.sort(), 'the orphans, and nothing else')
    t.same(new Set(container.processes().values()), before, 'all others as before')
    const [verdict] = verdicts(run, 'kill-duplicates').filter(({ reason }) => reason === 'profile_forbids')
    t.match(verdict, { command: 'node mcp-server-memory', verdict: 'keep' }, 'and it says why')
  })

  await t.test('a target at its PID limit', async (t) => {
    const container = await startLeaky(lab, {
      labels: optedIn,
      args: ['--pids-limit', '120', '--env', 'LEAKY_START_MS=3000'],
    })
    t.teardown(() => container.remove())
    const legitimate = container.processes()
    const { started, failed } = await container.gateway.leak({ server: leaking, count: 30 })
    t.ok(started >= 5 && failed > 0, `the limit was hit: ${started} started, ${failed} failed`)
    t.match(
      await stack.metrics(),
      new RegExp(`pidwarden_container_pids_limit\\{name="${container.name}"\\} 120`),
    )
    await over(stack, container, ({ ending }) => ending?.outcome === 'fixed')
    t.same(container.processes(), legitimate)
  })

  await t.test('a target without a shell', async (t) => {
    const container = await startLeaky(lab, { labels: optedIn, target: 'noshell' })
    t.teardown(() => container.remove())
    const legitimate = container.processes()
    // The orphans first: alone they raise no alert, and the run must not be over before they are there.
    await container.gateway.orphan({ server: leaking, count: 2 })
    await container.gateway.leak({ server: leaking, count: 12 })
    const run = await over(stack, container, ({ ending }) => ending?.outcome === 'fixed')
    t.same(container.processes(), legitimate)
    t.equal(verdicts(run, 'kill-orphans').filter(({ reason }) => reason === 'orphan').length > 0, true)
  })

  await t.test('a target whose processes ignore SIGTERM', async (t) => {
    const container = await startLeaky(lab, { labels: optedIn })
    t.teardown(() => container.remove())
    const legitimate = container.processes()
    await container.gateway.stubborn(true)
    await container.gateway.leak({ server: leaking, count: 12 })
    const run = await over(stack, container, ({ ending }) => ending?.outcome === 'fixed')
    t.same(container.processes(), legitimate)
    const signals = run.steps.flatMap(({ effects }) => effects.map(({ signal }) => signal))
    t.ok(signals.includes('SIGKILL'), 'it took SIGKILL')
    const mine = run.steps.flatMap(({ effects }) => effects).filter(({ signal }) => signal === 'SIGKILL')
    t.ok(
      mine.every(({ pid }) =>
        run.steps.some(({ effects }) => effects.some((one) => one.pid === pid && one.signal === 'SIGTERM')),
      ),
      'nothing was killed that had not been asked to end first',
    )
  })
}

/** The first ended run of a container that fits. */
async function over(
  stack: Stack,
  { id }: LeakyContainer,
  fits: (run: RunStory) => boolean,
): Promise<RunStory> {
  return until('the run is over', async () => (await stack.ended(id)).find(fits), 120_000)
}

function signalled({ steps }: RunStory): string[] {
  const keys = steps.flatMap(({ effects }) => effects.map(({ pid, startTicks }) => `${pid} ${startTicks}`))
  return [...new Set(keys)].sort()
}

interface Verdict {
  readonly command: string
  readonly verdict: string
  readonly reason: string
}

/** Everything that the plans of one action said, over all batches. */
function verdicts({ steps }: RunStory, action: string): Verdict[] {
  return steps.filter((step) => step.action === action).flatMap(({ plan }) => [plan].flat(2) as Verdict[])
}
