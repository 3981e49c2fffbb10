import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import t, { type Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import type { Incident, RunStory } from '../../src/journal/records.ts'
import { docker } from '../support/leaky-container.ts'
import { labFor, startStack, token } from '../support/stack.ts'
import { until } from '../support/until.ts'

const [MiB, GiB] = [1024 ** 2, 1024 ** 3]
/** What the policy wants, as far as the host has them. */
const cores = Math.min(2, availableParallelism())

const lab = await labFor(t)
if (lab) {
  const config = 'remediation: { restartPause: 0, settle: 0.2, grace: 0.5, cooldown: 0 }'
  const stack = await startStack(t, lab, { config, alertmanagers: 0 })

  const post = async (path: string, body: object = {}): Promise<{ runId?: string }> => {
    const response = await fetch(stack.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as { runId?: string; alerts?: { runId?: string }[] }
    return answer.alerts?.[0] ?? answer
  }
  const over = (runId: string | undefined): Promise<RunStory> =>
    until('the run is over', async () => {
      const run = await stack.get<RunStory>(`/api/runs/${runId}`)
      return run.state === 'done' && run
    })
  const known = (id: string): Promise<boolean> =>
    until('pidwarden knows the container', async () => (await stack.metrics()).includes(id))
  const order = async ({ id, name }: Container): Promise<RunStory> => {
    await known(id)
    return over((await post(`/api/containers/${name}/playbooks/enforce-limits?dryRun=false`)).runId)
  }
  /** As Alertmanager would, each time another firing. */
  const alert = async ({ id, name }: Container, labels: Record<string, string>): Promise<RunStory> => {
    await known(id)
    const one = {
      status: 'firing',
      labels: { alertname: 'A', id, name, ...labels },
      startsAt: new Date().toISOString(),
      fingerprint: randomBytes(8).toString('hex'),
    }
    const { runId } = await post('/webhooks/alertmanager', { version: '4', status: 'firing', alerts: [one] })
    return over(runId)
  }

  await t.test('an alert: the kernel holds what the policy wants', async (t) => {
    const container = await start(t, lab, { labels: { 'thresholds.limits.critical': '1' } })
    const limits = { resource: 'limits', tier: 'critical', playbook: 'enforce-limits' }
    const run = await alert(container, limits)
    t.match(run, {
      ending: { outcome: 'fixed', reason: 'limits_set' },
      before: { limits: 3 },
      after: { limits: 0 },
    })
    t.same(kernelOf(container), {
      memory: 4 * GiB,
      memorySwap: 4 * GiB,
      memoryReservation: GiB,
      cpu: cores,
      pids: 100,
    })
    t.match(run.ending?.detail, /its definition lacks init, mem_limit, .*logging: the plan has the lines/)
    t.match(await alert(container, limits), { ending: { outcome: 'skipped', reason: 'tier_not_reached' } })
  })

  await t.test('an order: below what is in use nothing is set, and nothing ends', async (t) => {
    // A tmpfs is memory that does not go, though the kernel counts it as file cache.
    const container = await start(t, lab, {
      labels: { 'limits.memory': '32m', 'limits.memorySwap': '32m', 'limits.memoryReservation': '16m' },
      args: ['--tmpfs', '/held'],
      script: 'dd if=/dev/zero of=/held/x bs=1M count=60; touch /ready; sleep 1000',
    })
    const before = kernelOf(container)
    const run = await order(container)
    t.match(run.ending, { outcome: 'improved', reason: 'unsafe_limit' })
    t.match(run.ending?.detail, /refused: memory 32m, as it uses 6\d(\.\d)?m, and needs room for /)
    const { memory, memorySwap, pids, cpu } = kernelOf(container)
    t.same([memory, memorySwap], [before.memory, before.memorySwap], 'memory as before')
    t.same([pids, cpu], [100, cores], 'the others are set')
    t.equal(await docker(lab, 'inspect', '--format', '{{.State.Pid}}', container.id), `${container.pid}`)
  })

  await t.test('an order: file cache that nobody uses gives way', async (t) => {
    const container = await start(t, lab, {
      labels: { 'limits.memory': '64m', 'limits.memorySwap': '64m', 'limits.memoryReservation': '32m' },
      script: 'dd if=/dev/zero of=/cached bs=1M count=150; sync; touch /ready; sleep 1000',
    })
    const run = await order(container)
    t.match(run.ending, { outcome: 'fixed', reason: 'limits_set' })
    t.match(kernelOf(container), { memory: 64 * MiB, memorySwap: 64 * MiB, memoryReservation: 32 * MiB })
    t.notMatch(run.ending?.detail, /killed/)
    t.equal(await docker(lab, 'inspect', '--format', '{{.State.Pid}}', container.id), `${container.pid}`)
  })

  await t.test('an order: what is stricter stays, what is looser is tightened', async (t) => {
    const container = await start(t, lab, {
      args: ['--memory=64m', '--memory-swap=128m', '--cpus=0.5', '--pids-limit=1000', '--init'],
    })
    const run = await order(container)
    t.match(run.ending, { outcome: 'fixed', reason: 'limits_set', detail: /^set: PIDs 100;/ })
    t.match(kernelOf(container), { memory: 64 * MiB, memorySwap: 128 * MiB, cpu: 0.5, pids: 100 })
    t.notMatch(run.ending?.detail, /lacks init/)
  })

  await t.test('it explodes again and again: restart, stricter limits, people', async (t) => {
    const off = Object.fromEntries(
      ['warning', 'critical', 'emergency'].map((one) => [`thresholds.processes.${one}`, 'off']),
    )
    const container = await start(t, lab, {
      labels: { ...off, 'thresholds.processes.nuclear': '30' },
      // Comes up well, and explodes when it is told to: 40 processes, which fit below 50 PIDs.
      script: `trap 'exit 0' TERM; touch /ready
        while sleep 0.1; do if [ -e /go ]; then rm /go; for one in $(seq 40); do sleep 1000 & done; fi; done`,
    })
    const nuclear = { resource: 'processes', tier: 'nuclear', playbook: 'restart' }
    const explode = async (): Promise<RunStory> => {
      await docker(lab, 'exec', container.id, 'touch', '/go')
      await until('it has exploded', () => tasksOf(container) >= 40)
      return alert(container, nuclear)
    }
    const refresh = async (): Promise<string> => {
      const [pid, startedAt = ''] = (
        await docker(lab, 'inspect', '--format', '{{.State.Pid}} {{.State.StartedAt}}', container.id)
      ).split(' ')
      container.pid = Number(pid)
      return startedAt
    }
    const lives = [await refresh()]
    t.match(await explode(), { ending: { outcome: 'fixed' } })
    lives.push(await refresh())
    t.equal(kernelOf(container).pids, undefined, 'once is only a restart')

    t.match(await explode(), { ending: { outcome: 'fixed', detail: /stricter limits: set: / } })
    lives.push(await refresh())
    t.equal(new Set(lives).size, 3, 'two restarts')
    t.match(kernelOf(container), { pids: 50, memory: 2 * GiB, memorySwap: 2 * GiB })

    t.match(await explode(), { ending: { outcome: 'skipped', reason: 'exploded_again' } })
    t.equal(await refresh(), lives[2], 'and no third')
    const { incidents } = await stack.get<{ incidents: Incident[] }>('/api/incidents')
    const incident = incidents.find(({ name }) => name === container.name)
    t.match(incident, { level: 5, manual: { reason: /under the stricter limits/ } })
    t.match(await alert(container, nuclear), { ending: { reason: 'manual_intervention' } })
    t.equal(await refresh(), lives[2])
  })
}

interface Container {
  readonly id: string
  readonly name: string
  pid: number
}

/** A small container that is up when it has said so; labels without their prefix. */
async function start(
  t: Test,
  lab: Lab,
  {
    labels = {},
    args = [],
    script = 'touch /ready; sleep 1000',
  }: { labels?: Record<string, string>; args?: readonly string[]; script?: string },
): Promise<Container> {
  const name = `pidwarden-test-${randomBytes(4).toString('hex')}`
  const own = Object.entries({ mode: 'enforce', ...labels }).flatMap(([key, value]) => [
    '--label',
    `pidwarden.${key}=${value}`,
  ])
  const id = await docker(
    lab,
    'run',
    '--detach',
    '--name',
    name,
    ...own,
    ...args,
    'busybox:stable',
    'sh',
    '-c',
    script,
  )
  t.teardown(() => docker(lab, 'rm', '--force', id))
  await until('it is up', async () => (await docker(lab, 'exec', id, 'ls', '/ready')) === '/ready')
  return { id, name, pid: Number(await docker(lab, 'inspect', '--format', '{{.State.Pid}}', id)) }
}

/** What a file of the container's cgroup says, read by the test itself; v1 and v2 have other names for it. */
function read({ pid }: Container, controller: string, v1: string, v2: string): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const unified = existsSync('/sys/fs/cgroup/cgroup.controllers')
  const [, , path = ''] =
    lines.find(([, one = '']) => (unified ? one === '' : one.split(',').includes(controller))) ?? []
  return readFileSync(
    `/sys/fs/cgroup${unified ? '' : `/${controller}`}${path}/${unified ? v2 : v1}`,
    'utf8',
  ).trim()
}

function tasksOf(container: Container): number {
  return Number(read(container, 'pids', 'pids.current', 'pids.current'))
}

/** Limits in the kernel, undefined = none. */
function kernelOf(container: Container) {
  const number = (text: string): number | undefined => {
    const value = Number(text)
    return Number.isNaN(value) || value <= 0 || value > 2 ** 60 ? undefined : value
  }
  const memoryFile = (v1: string, v2: string): number | undefined =>
    number(read(container, 'memory', `memory.${v1}`, `memory.${v2}`))
  const memory = memoryFile('limit_in_bytes', 'max')
  const unified = existsSync('/sys/fs/cgroup/cgroup.controllers')
  const swap = unified ? read(container, 'memory', '', 'memory.swap.max') : ''
  const [quota = '', period = ''] = unified
    ? read(container, 'cpu', '', 'cpu.max').split(' ')
    : ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => read(container, 'cpu', file, ''))
  const cores = number(quota)
  return {
    memory,
    memorySwap: unified
      ? memory === undefined || swap === 'max'
        ? undefined
        : memory + Number(swap)
      : memoryFile('memsw.limit_in_bytes', ''),
    memoryReservation: memoryFile('soft_limit_in_bytes', 'low'),
    cpu: cores === undefined ? undefined : cores / Number(period),
    pids: number(read(container, 'pids', 'pids.max', 'pids.max')),
  }
}
