import { randomBytes } from 'node:crypto'
import t from 'tap'
import type { RunStory } from '../../src/journal/records.ts'
import { docker } from '../support/leaky-container.ts'
import { bearer } from '../support/problem.ts'
import { alertAbout } from '../support/simulated-pidwarden.ts'
import { labFor, startStack, token } from '../support/stack.ts'
import { until } from '../support/until.ts'

const enforce = { 'pidwarden.mode': 'enforce' }
const guarded = { ...enforce, 'pidwarden.thresholds.health.critical': '1' }
const health = { playbook: 'restart-unhealthy', tier: 'critical', resource: 'health' }
const zombies = { playbook: 'reap', tier: 'critical', resource: 'zombies' }

/** Runs until it is told to crash; what tells it is in memory, so that its next life knows nothing of it. */
const mortal = 'trap "exit 0" TERM; until [ -e /dev/shm/crash ]; do sleep 0.1; done; exit 3'
/** Runs until it is stopped. */
const idle = 'trap "exit 0" TERM; while :; do sleep 0.1; done'
/** Starts six children that end soon. */
const six = 'for i in 1 2 3 4 5 6; do sleep 0.2 & done'
/** A program that does not wait for children which it did not start takes the place of the shell that did. */
const careless = `${six}; exec sleep 1000`
/** A shell that waits when it is woken. The signals of its children came when something else stood in its place. */
const sleepy = `trap '[ "$own" ] && own= || { own=1; /bin/true; }' CHLD; while :; do read line <&3; done`
const late =
  'setTimeout(() => process.execve("/bin/sh", ["sh", "-c", process.env.SLEEPY], process.env), 1000)'
const forgetful = `mkfifo /tmp/never; exec 3<>/tmp/never; (${six}; ${six}; exec node -e '${late}') & wait`

// They wait for the most part.
t.jobs = 5

const lab = await labFor(t)
if (lab) {
  const config = 'remediation: { restartPause: 0, settle: 0 }'
  const stack = await startStack(t, lab, { alertmanagers: 0, config })

  /** Starts a container that is removed with the test. */
  async function start(labels: Record<string, string>, args: readonly string[], command: readonly string[]) {
    const name = `pidwarden-test-${randomBytes(4).toString('hex')}`
    const told = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`])
    const common = ['--detach', '--name', name, '--init=false', '--stop-timeout', '5']
    const id = await docker(lab!, 'run', ...common, ...told, ...args, ...command)
    t.teardown(() => docker(lab!, 'rm', '--force', id))
    await until('pidwarden knows it', async () => (await stack.metrics()).includes(`name="${name}"`))
    return { id, name }
  }

  const busybox = (labels: Record<string, string>, script: string, ...args: string[]) =>
    start(labels, args, ['busybox:stable', 'sh', '-c', script])

  /** Sends an alert, as Alertmanager does, and returns the run that comes of it when it is over. */
  async function alert(
    container: { id: string; name: string },
    about: Record<string, string>,
  ): Promise<RunStory> {
    const before = (await stack.ended(container.id)).length
    const alerts = [alertAbout(container, about, { fingerprint: randomBytes(8).toString('hex') })]
    const headers = { ...bearer(token), 'content-type': 'application/json' }
    const body = JSON.stringify({ version: '4', status: 'firing', alerts })
    const answer = await fetch(`${stack.url}/webhooks/alertmanager`, { method: 'POST', headers, body })
    t.match(await answer.json(), { alerts: [{ verdict: 'queued' }] }, `${container.name}: ${answer.status}`)
    return until('the run is over', async () => (await stack.ended(container.id))[before], 30_000)
  }

  const startedAt = (id: string) => docker(lab, 'inspect', '--format', '{{.State.StartedAt}}', id)
  const state = (id: string) => docker(lab, 'inspect', '--format', '{{.State.Status}}', id)
  const zombiesIn = async (name: string): Promise<number> =>
    Number(new RegExp(`container_zombies\\{name="${name}"\\} (\\d+)`).exec(await stack.metrics())?.[1])

  await Promise.all([
    t.test('zombies whose parent has missed a signal are gone when it is woken', async (t) => {
      const args = ['--env', `SLEEPY=${sleepy}`]
      const container = await start(enforce, args, ['node:24-bookworm-slim', 'sh', '-c', forgetful])
      await until('they are zombies', async () => (await zombiesIn(container.name)) === 12)
      const { ending, steps } = await alert(container, zombies)
      t.match(ending, { outcome: 'fixed', reason: 'cleared' })
      const effects = steps.flatMap((step) => step.effects)
      t.same([...new Set(effects.map(({ signal }) => signal))], ['SIGCHLD'])
      t.equal(await zombiesIn(container.name), 0)
      t.equal(await state(container.id), 'running')
    }),

    t.test('zombies that stay: people are told what helps, and nobody is ended', async (t) => {
      const container = await busybox(enforce, `sh -c '${careless}' & ${careless}`)
      await until('they are zombies', async () => (await zombiesIn(container.name)) === 12)
      const { ending, steps } = await alert(container, zombies)
      t.match(ending, { outcome: 'ineffective', reason: 'no_candidates' })
      t.match(ending?.detail, /which is PID 1 .* give the container an init \(init: true/)
      t.match(ending?.detail, /which lives and does not wait for its children.*an init does not help/)
      const signals = steps.flatMap(({ effects }) => effects.map(({ signal }) => signal))
      t.same([...new Set(signals)], ['SIGCHLD'])
      t.equal(await zombiesIn(container.name), 12)
      const again = await alert(container, zombies)
      t.same(
        again.steps.flatMap(({ effects }) => effects),
        [],
        'they are not woken again and again',
      )
    }),

    t.test('a container in the network of one that is restarted gets its network back', async (t) => {
      const gateway = await busybox(enforce, idle)
      const network = ['--network', `container:${gateway.name}`]
      const [guest, stranger] = [
        await busybox(enforce, idle, ...network),
        await busybox({}, idle, ...network),
      ]
      const before = await startedAt(stranger.id)
      const headers = bearer(token)
      const path = `/api/containers/${gateway.name}/playbooks/restart?dryRun=false`
      const answer = await fetch(stack.url + path, { method: 'POST', headers })
      t.equal(answer.status, 202, await answer.text())
      const [run] = await until('the run is over', async () => {
        const ended = await stack.ended(gateway.id)
        return ended.length > 0 && ended
      })
      const detail = new RegExp(`${stranger.name} in its network`)
      t.match(run?.ending, { outcome: 'improved', reason: 'dependents_broken', detail })
      t.notMatch(run?.ending?.detail, guest.name)
      const effects = run?.steps
        .flatMap((step) => step.effects)
        .map(({ kind, containerId }) => [kind, containerId])
      t.same(effects, [
        ['stray', guest.id],
        ['stop', undefined],
        ['start', undefined],
        ['stop', guest.id],
        ['start', guest.id],
      ])
      t.match(await docker(lab, 'exec', guest.id, 'ls', '/sys/class/net'), /eth0/)
      t.notMatch(await docker(lab, 'exec', stranger.id, 'ls', '/sys/class/net'), /eth0/)
      t.equal(await startedAt(stranger.id), before, 'one that has not opted in is left to people')
    }),

    t.test('an unhealthy container is restarted', async (t) => {
      const check = [
        '--health-cmd',
        'test ! -e /dev/shm/ill',
        '--health-interval',
        '1s',
        '--health-retries',
        '1',
      ]
      const container = await busybox(guarded, `echo password=hunter2secret; ${idle}`, ...check)
      await docker(lab, 'exec', container.id, 'touch', '/dev/shm/ill')
      const unhealthy = `pidwarden_container_health{name="${container.name}",status="unhealthy"} 1`
      await until('it is unhealthy', async () => (await stack.metrics()).includes(unhealthy))
      const before = await startedAt(container.id)
      const run = await alert(container, health)
      t.match(run.ending, { outcome: 'fixed', reason: 'cleared' })
      t.not(await startedAt(container.id), before)
      t.match(run.steps[0]?.plan, [{ health: 'unhealthy' }, { log: ['password=…'] }])
      t.notMatch(JSON.stringify(run), /hunter2secret/)
    }),

    t.test('one that crashed is started again; one that was stopped, is not', async (t) => {
      const crashed = await busybox(guarded, mortal)
      const stopped = await busybox(guarded, mortal)
      const unguarded = await busybox(enforce, mortal)
      for (const { id } of [crashed, unguarded]) await docker(lab, 'exec', id, 'touch', '/dev/shm/crash')
      // It fails when it is told to end, as many do: only who gave the order tells the two apart.
      await docker(lab, 'kill', '--signal', 'KILL', stopped.id)
      for (const { name } of [crashed, stopped, unguarded])
        await until('pidwarden knows that it has ended', async () =>
          (await stack.metrics()).includes(`pidwarden_container_state{name="${name}",state="exited"} 1`),
        )
      const run = await alert(crashed, health)
      t.match(run.ending, { outcome: 'fixed', reason: 'cleared' })
      t.match(run.steps[0]?.plan, [{ state: 'exited', exitCode: 3 }])
      t.equal(await state(crashed.id), 'running')
      t.match((await alert(stopped, health)).ending, { outcome: 'skipped', reason: 'not_running' })
      t.match((await alert(unguarded, health)).ending, { outcome: 'skipped', reason: 'tier_not_reached' })
      t.equal(await state(stopped.id), 'exited')
      t.equal(await state(unguarded.id), 'exited')
    }),
  ])
}
