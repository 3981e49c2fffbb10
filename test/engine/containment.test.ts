import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { RunStory } from '../../src/journal/records.ts'
import { docker } from '../support/leaky-container.ts'
import { alertOn, orderOn, over, startOptedIn, story } from '../support/opted-in.ts'
import { labFor, type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** No rung above contain and relieve-cpu: what they do not reach, nobody else does here. */
const config = `
policy:
  thresholds:
    duplicates: { nuclear: false }
    processes: { warning: false, critical: false, emergency: false, nuclear: false }
    cpu: { warning: 0.08, critical: 0.1 }
    startup: { emergency: false }
remediation:
  cooldown: 0
playbooks:
  - name: hold
    description: Holds a container for a moment beyond the end of the run.
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: clamp-pids, with: { hold: 2 }, onMiss: stop }
  - name: stroke
    description: Only under a pause.
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: pause-and-kill, with: { minimumAge: 0 }, goal: below-tier, onMiss: stop }
  - name: relieve-cpu
    description: As it is shipped, for a moment.
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: kill-busiest, goal: below-tier, onMiss: next }
      - { action: cap-cpu, with: { hold: 2 }, goal: below-tier, wait: 10, onMiss: escalate }
`

/**
 * A gateway with two servers of its own. SIGUSR2: for so many seconds it starts a hundred more a second of the first,
 * at most 2,000; SIGHUP: it starts 40 more, and again whatever ends.
 */
const gateway = (seconds: number): string => `
  const { spawn } = require('node:child_process')
  let respawns = false
  const start = (time) =>
    spawn('sleep', [time], { stdio: 'ignore' })
      .on('error', () => {})
      .on('exit', () => { if (respawns) start(time) })
  require('node:fs').promises.stat('.').then(() => {
    start('86400')
    start('86401')
    console.log('ready')
  })
  process.on('SIGHUP', () => {
    respawns = true
    for (let one = 0; one < 40; one++) start('86400')
  })
  process.on('SIGUSR2', () => {
    const end = Date.now() + ${seconds * 1000}
    let left = 2000
    const timer = setInterval(() => {
      for (let one = 0; one < 10 && left > 0; one++, left--) start('86400')
      if (left === 0 || Date.now() > end) clearInterval(timer)
    }, 100)
  })
  setInterval(() => {}, 1e6)
`

const lab = await labFor(t)
if (lab) {
  const stack = await startStack(t, lab, { alertmanagers: 0, config })
  // Each waits for something else most of the time.
  t.jobs = 5

  t.test('a fork storm is contained within seconds, and cleaned up', { buffered: true }, async (t) => {
    const container = await startOptedIn(t, lab, {
      image: 'node:24-bookworm-slim',
      command: ['node', '-e', gateway(9)],
    })
    const legitimate = await container.ready(3)
    await docker(lab, 'kill', '--signal', 'USR2', container.id)
    await until('the storm has begun', () => container.kernel.pids() > 50)
    const runId = await alertOn(stack, container, {
      playbook: 'contain',
      tier: 'emergency',
      resource: 'duplicates',
    })
    const clamp = await until('it is clamped', async () => {
      const [effect] = (await story(stack, runId)).steps.flatMap(({ effects }) => effects)
      return effect?.result === 'done' && effect
    })
    t.equal(clamp.kind, 'clamp')
    const { startedAt = 0 } = await story(stack, runId)
    t.ok((clamp.resultAt ?? 0) - startedAt <= 5000, `clamped after ${(clamp.resultAt ?? 0) - startedAt} ms`)
    const { pids: limit = 0 } = clamp.limits ?? {}
    t.equal(container.kernel.pidsLimit(), limit)
    let most = 0
    const run = await until('the run is over', async () => {
      for (let looks = 0; looks < 5; looks++) {
        most = Math.max(most, container.kernel.pids())
        await delay(20)
      }
      const now = await story(stack, runId)
      return now.state === 'done' && now
    })
    t.ok(most <= limit, `${most} of ${limit} tasks at most`)
    t.match(run.ending, { outcome: 'fixed', reason: 'cleared' })
    t.comment(JSON.stringify(run.steps.map(({ action, ending }) => [action, ending?.reason])))
    t.same(await container.processes(), legitimate, 'who belongs there, and nobody else')
    t.equal(container.kernel.pidsLimit(), 2000, 'the limit that it had')
  })

  t.test('what comes back at once is ended under a pause, and told', { buffered: true }, async (t) => {
    const container = await startOptedIn(t, lab, {
      image: 'node:24-bookworm-slim',
      command: ['node', '-e', gateway(1)],
    })
    const legitimate = await container.ready(3)
    await docker(lab, 'kill', '--signal', 'HUP', container.id)
    await until('all are there', async () => (await container.processes()).length === 43)
    const leaked = (await container.processes()).filter((key) => !legitimate.includes(key))
    const run = await over(stack, await orderOn(stack, container, 'stroke'))
    t.match(run.ending, { outcome: 'ineffective', reason: 'respawned' })
    const effects = run.steps.flatMap((step) => step.effects)
    t.match(effects[0], { kind: 'pause', result: 'done' })
    t.match(effects.at(-1), { kind: 'unpause', result: 'done' })
    t.same(
      new Set(effects.slice(1, -1).map(({ signal, result }) => `${signal} ${result}`)),
      new Set(['SIGKILL sent']),
    )
    const alive = await container.processes()
    t.same(
      leaked.filter((key) => alive.includes(key)),
      [],
      'all that were leaked have ended',
    )
    t.same(
      legitimate.filter((key) => !alive.includes(key)),
      [],
      'nobody else has',
    )
    t.equal(await docker(lab, 'inspect', '--format', '{{.State.Status}}', container.id), 'running')
    const [pause] = run.steps.flatMap(({ plan }) => [plan].flat()).filter((one) => isPause(one))
    t.ok(pause, `paused for ${pause?.pausedMilliseconds} ms`)
  })

  for (const [args, before] of [
    [[], undefined],
    [['--cpus', '1.5'], 1.5],
  ] as const) {
    const limited = `with ${before ?? 'no'} cores`
    t.test(`a busy process ${limited} is slowed down for a while`, { buffered: true }, async (t) => {
      const command = ['sh', '-c', 'while :; do :; done']
      const container = await startOptedIn(t, lab, { image: 'busybox:stable', command, args })
      const busy = await container.ready(1)
      const run = await until('it is seen to be busy', async () => {
        // Two looks tell how much is in use.
        await stack.metrics()
        const wanted = { playbook: 'relieve-cpu', tier: 'critical', resource: 'cpu' }
        const tried = await over(stack, await alertOn(stack, container, wanted))
        return !['census_unknown', 'tier_not_reached'].includes(tried.ending?.reason ?? '') && tried
      })
      t.match(run.ending, { outcome: 'improved', reason: 'capped' })
      t.match(run.steps.at(-1)?.effects[0], { limits: { cpu: 0.07 } }, 'below its lowest tier')
      t.same(await container.processes(), busy, 'nobody is killed')
      await until('it is given back', () => container.kernel.cpuLimit() === before, 45_000)
      t.match(await written(stack, run.id), [
        { kind: 'cap', limits: { cpu: 0.07 }, limitsBefore: { cpu: before ?? -1 }, result: 'done' },
        { kind: 'uncap', limits: { cpu: before ?? -1 }, result: 'done' },
      ])
      // For Docker it is as it was too: what a person asks for afterwards is not refused.
      await docker(lab, 'update', '--cpus', '1.2', container.id)
      t.equal(container.kernel.cpuLimit(), 1.2)
    })
  }

  t.test('a container is held beyond the end of the run, and let go', { buffered: true }, async (t) => {
    const container = await startOptedIn(t, lab, {
      image: 'busybox:stable',
      command: ['sleep', '1000'],
      args: ['--pids-limit', '-1'],
    })
    await container.ready(1)
    t.equal(container.kernel.pidsLimit(), undefined)
    const run = await over(stack, await orderOn(stack, container, 'hold'))
    t.equal(container.kernel.pidsLimit(), 17, 'one task, and room for 16')
    await until('it is let go', () => container.kernel.pidsLimit() === undefined, 45_000)
    t.match(await written(stack, run.id), [
      { kind: 'clamp', limits: { pids: 17 }, limitsBefore: { pids: -1 }, result: 'done' },
      { kind: 'unclamp', limits: { pids: -1 }, result: 'done' },
    ])
  })
}

/** What the last step has done, and what has taken it back. */
async function written(stack: Stack, runId: string): Promise<RunStory['steps'][number]['effects']> {
  return until('both are written down', async () => {
    const effects = (await story(stack, runId)).steps.at(-1)?.effects ?? []
    return effects.length === 2 && effects[1]?.result !== undefined && effects
  })
}

function isPause(one: unknown): one is { readonly pausedMilliseconds: number } {
  return typeof one === 'object' && one !== null && 'pausedMilliseconds' in one
}
