import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Incident, Run } from '../../src/journal/records.ts'
import { docker, type ProcessKey } from '../support/leaky-container.ts'
import { alertOn, over, signalledBy, startOptedIn } from '../support/opted-in.ts'
import { labFor, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const megabyte = 1 << 20
const limit = 400 * megabyte

/** The sizes below leave room around 55 %: pages of programs are counted to whichever container read them first. */
const config = `
policy:
  thresholds:
    memory: { warning: false, critical: 55%, emergency: false, nuclear: false }
    cpu: { warning: false, critical: 0.06 }
remediation:
  minimumAge: { critical: 0, emergency: 0 }
  grace: 1
  settle: 1
  restartPause: 0
  cooldown: 0
`

/**
 * Runs `servers` at once and `explode` at SIGUSR2. hold: so many megabytes; work: so many turns of a loop, ten times
 * a second. What a helper is to do comes from its input, so that its copies are the same in all that tells identity.
 */
const gateway = (servers: string, explode: string): string => `
  const { spawn } = require('node:child_process')
  const megabyte = Buffer.alloc(${megabyte}, 'x')
  const start = (...command) => {
    const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'ignore', 'ignore'] })
    child.on('error', () => {})
    child.stdin?.on('error', () => {})
    return child
  }
  const hold = (child, megabytes) => {
    while (megabytes-- > 0) child.stdin.write(megabyte)
  }
  const work = (child, turns) => {
    const timer = setInterval(() => child.stdin.write(turns + '\\n'), 100)
    child.on('exit', () => clearInterval(timer))
  }
  const holder = (most) => start('tail', '-c', most)
  const worker = (name) =>
    start('sh', '-c', 'while read -r n; do while [ $n -gt 0 ]; do n=$((n-1)); done; done', name)
  // Its own threads are there before anything is counted.
  require('node:fs').promises.stat('.').then(() => { ${servers} })
  process.on('SIGUSR2', () => { ${explode} })
  process.on('SIGTERM', () => process.exit())
  setInterval(() => {}, 1e6)
`

const lab = await labFor(t)
if (lab) {
  const stack = await startStack(t, lab, { alertmanagers: 0, config })
  // Each waits for something else most of the time.
  t.jobs = 4

  const start = async (t: Test, servers: string, explode: string, ...args: string[]) => {
    const command = ['node', '-e', gateway(servers, explode)]
    const container = await startOptedIn(t, lab, { image: 'node:24-bookworm-slim', command, args })
    const legitimate = await container.ready(3)
    await docker(lab, 'kill', '--signal', 'USR2', container.id)
    return { container, legitimate, isLeaked: (key: ProcessKey) => !legitimate.includes(key) }
  }

  t.test(
    'memory: the largest that leaked go first, until it is below the tier',
    { buffered: true },
    async (t) => {
      const sizes = [8, 80, 12, 70, 4, 75]
      const { container, legitimate, isLeaked } = await start(
        t,
        // Who belongs there and holds more than most is not touched.
        `hold(holder('1000000000'), 4); hold(holder('2000000000'), 64)`,
        `for (const size of ${JSON.stringify(sizes)}) hold(holder('1000000000'), size)`,
        ...['--memory', `${limit}`],
      )
      const goals = [...sizes].sort((a, b) => a - b).map((size) => size * megabyte)
      const before = await until('all is held', async () => {
        const all = await container.processes()
        const held = all.filter(isLeaked).map(ownMemory)
        held.sort((a, b) => a - b)
        return goals.every((goal, position) => (held[position] ?? 0) >= goal) && all
      })
      const bySize = before.filter(isLeaked).sort((a, b) => ownMemory(b) - ownMemory(a))
      const wanted = { playbook: 'relieve-memory', tier: 'critical', resource: 'memory' }
      const run = await over(stack, await alertOn(stack, container, wanted))
      t.match(run.ending, { outcome: 'fixed', reason: 'cleared' }, `${run.ending?.detail}`)
      const ended = signalledBy(run)
      t.ok(ended.length > 1, `${ended.length} have been ended`)
      t.same(ended, bySize.slice(0, ended.length), 'the largest first')
      const alive = await container.processes()
      t.same(
        alive,
        before.filter((key) => !ended.includes(key)),
        'for the host they are gone, and nobody else is',
      )
      t.ok(alive.some(isLeaked), 'it was over when that was enough')
      t.same(
        alive.filter((key) => !isLeaked(key)),
        legitimate,
      )
      t.ok((run.before?.memory ?? 0) >= limit * 0.55 && (run.after?.memory ?? limit) < limit * 0.55)
      const left = alive.reduce((sum, key) => sum + ownMemory(key), 0)
      t.ok(left < limit * 0.55, `${Math.round(left / megabyte)} megabytes are left`)
    },
  )

  t.test(
    'memory that nobody leaked: no signal and no success, and at last a restart',
    { buffered: true },
    async (t) => {
      const { container, legitimate } = await start(
        t,
        `hold(holder('1000000000'), 4); big = holder('2000000000')`,
        'hold(big, 260)',
        ...['--memory', `${limit}`, '--label', 'pidwarden.thresholds.memory.nuclear=60%'],
      )
      await until('all is held', () => legitimate.some((key) => ownMemory(key) >= 260 * megabyte))
      const wanted = { playbook: 'relieve-memory', tier: 'critical', resource: 'memory' }
      const run = await over(stack, await alertOn(stack, container, wanted))
      t.match(run.ending, { outcome: 'skipped', reason: 'no_candidates' }, `${run.ending?.detail}`)
      t.same(
        run.steps.flatMap(({ effects }) => effects),
        [],
        'nothing is done',
      )
      t.same(await container.processes(), legitimate, 'for the host as well')
      const { runs } = await stack.get<{ runs: Run[] }>('/api/runs')
      t.equal(runs.filter(({ containerId }) => containerId === container.id).length, 1, 'and nothing follows')
      const { incidents } = await stack.get<{ incidents: Incident[] }>('/api/incidents')
      const [incident] = incidents.filter(({ name }) => name === container.name)
      t.ok(incident && incident.recoveredAt === undefined && incident.manual === undefined, 'it is watched')

      const nuclear = { playbook: 'restart', tier: 'nuclear', resource: 'memory' }
      const restart = await over(stack, await alertOn(stack, container, nuclear))
      t.match(restart.ending, { outcome: 'fixed', reason: 'cleared' }, `${restart.ending?.detail}`)
      const effects = restart.steps.flatMap((step) => step.effects)
      t.match(effects, [
        { kind: 'stop', result: 'done' },
        { kind: 'start', result: 'done' },
      ])
      t.equal(effects.length, 2, 'nobody is signalled')
      const afresh = await container.ready(3)
      t.same(
        afresh.filter((key) => legitimate.includes(key)),
        [],
        'for the host all have started anew',
      )
    },
  )

  t.test('CPU: the busiest that leaked go first, and there is no cap', { buffered: true }, async (t) => {
    const { container, legitimate, isLeaked } = await start(
      t,
      `work(worker('one'), 100); work(worker('two'), 100)`,
      // The first is busy all of the time.
      'for (const turns of [20, 4000, 1e9, 4000, 20]) work(worker("one"), turns)',
      ...['--cpus', '0.5'],
    )
    const before = await container.ready(8)
    const byUse = await until('one is clearly the busiest', () => {
      const sorted = before.filter(isLeaked).sort((a, b) => cpuTicks(b) - cpuTicks(a))
      const [first = 0, second = 0] = sorted.map(cpuTicks)
      return first > 50 && first > 2 * second && sorted
    })
    const run = await until('it is seen to be busy', async () => {
      // Two looks tell how much is in use.
      await stack.metrics()
      const wanted = { playbook: 'relieve-cpu', tier: 'critical', resource: 'cpu' }
      const tried = await over(stack, await alertOn(stack, container, wanted))
      return !['census_unknown', 'tier_not_reached'].includes(tried.ending?.reason ?? '') && tried
    })
    t.match(run.ending, { outcome: 'fixed', reason: 'cleared' }, `${run.ending?.detail}`)
    t.same(
      run.steps.map(({ action }) => action),
      ['collect-evidence', 'kill-busiest'],
    )
    const ended = signalledBy(run)
    t.equal(ended[0], byUse[0], 'the busiest is the first')
    t.same(new Set(ended), new Set(byUse.slice(0, ended.length)), `${ended.length} have been ended`)
    const alive = await container.processes()
    t.same(
      alive,
      before.filter((key) => !ended.includes(key)),
      'for the host they are gone, and nobody else is',
    )
    t.ok(alive.some(isLeaked), 'who hardly uses any is left alone')
    t.same(
      alive.filter((key) => !isLeaked(key)),
      legitimate,
    )
    t.equal(container.kernel.cpuLimit(), 0.5)
  })

  t.test('start-up: what explodes is held beyond the run, and cleaned up', { buffered: true }, async (t) => {
    const { container, legitimate, isLeaked } = await start(
      t,
      `start('sleep', '86400'); start('sleep', '86401')`,
      `let left = 90
      const timer = setInterval(() => {
        for (let one = 0; one < 5; one++) start('sleep', '86400')
        if ((left -= 5) === 0) clearInterval(timer)
      }, 100)`,
    )
    const seen = await until('it explodes', async () => {
      const all = await container.processes()
      return all.length > 51 && all
    })
    const wanted = { playbook: 'protect-startup', tier: 'emergency', resource: 'startup' }
    const run = await over(stack, await alertOn(stack, container, wanted))
    t.match(run.ending, { outcome: 'fixed', reason: 'cleared' }, `${run.ending?.detail}`)
    t.same(await container.processes(), legitimate, 'who belongs there, and nobody else')
    const ended = signalledBy(run)
    t.same(
      seen.filter(isLeaked).filter((key) => !ended.includes(key)),
      [],
      'the journal has all that are gone',
    )
    t.same(
      ended.filter((key) => !isLeaked(key)),
      [],
    )
    const [clamp, ...others] = run.steps
      .flatMap(({ effects }) => effects)
      .filter(({ kind }) => kind !== 'signal')
    t.same(others, [])
    t.match(clamp, { kind: 'clamp', limitsBefore: { pids: 2000 }, result: 'done' })
    t.ok((clamp?.until ?? 0) > (run.endedAt ?? 0), 'it stays when the run is over')
    const held = clamp?.limits?.pids
    t.equal(container.kernel.pidsLimit(), held, 'so says the kernel')
    t.ok(held !== undefined && held < 150, `${held} tasks at most`)
    t.equal(Number(await docker(lab, 'inspect', '--format', '{{.HostConfig.PidsLimit}}', container.id)), held)
  })
}

/** What a process has for itself alone, bytes: its pages in memory, less those that it may share. */
function ownMemory(key: ProcessKey): number {
  const [, resident = 0, shared = 0] = readFileSync(`/proc/${pidOf(key)}/statm`, 'utf8')
    .split(' ')
    .map(Number)
  return (resident - shared) * 4096
}

/** CPU time of a process so far, in ticks of the kernel. */
function cpuTicks(key: ProcessKey): number {
  const stat = readFileSync(`/proc/${pidOf(key)}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

const pidOf = (key: ProcessKey): string => key.split(' ')[0] ?? ''
