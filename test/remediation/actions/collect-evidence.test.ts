import t from 'tap'
import { DockerError } from '../../../src/host/docker.ts'
import type { RunStory } from '../../../src/journal/records.ts'
import type { Branch } from '../../../src/remediation/evidence/tree.ts'
import { findSecrets, planted, secretLines } from '../../support/secrets.ts'
import { addGateway, startServer } from '../../support/simulated-gateway.ts'
import { denied, value } from '../../support/simulated-host.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

const record = { playbook: 'record', tier: 'warning' }

interface Evidence {
  readonly commands: readonly object[]
  readonly largest: readonly object[]
  readonly tree: readonly Branch[]
  readonly instances: readonly Record<string, unknown>[]
  readonly likelyProfile?: string
}

/** What the first step has kept: the evidence, and the log where there was one. */
const keptIn = ({ steps }: RunStory) => steps[0]?.plan as readonly [Evidence, { readonly log: string[] }?]
const evidenceIn = (story: RunStory): Evidence => keptIn(story)[0]
const told = ({ command, instances, processes }: Branch): string => `${instances} ${command} (${processes})`

t.test('evidence tells commands, tree, ages, memory and limits, and no argument', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate, orphan, gateway } = addGateway(host, engine, 'app', {})
  duplicate(3, { age: 60 })
  orphan(1)
  startServer(host, container.id, gateway(), 'files', { env: ['API_KEY=hunter3'] })
  const argv = ['chrome', '--token=hunter2']
  const big = { argv, rssPages: 1000, sockets: 7, listens: value(true) }
  const { pid } = host.spawn(container.id, { ppid: gateway(), ...big })
  const dark = { argv: ['dark'], rssPages: 999, listens: denied }
  const { pid: darkPid } = host.spawn(container.id, { ppid: gateway(), ...dark })
  host.cgroupFiles.set(container.id, { pidsLimit: 500, memoryLimit: 1e9 })
  container.limits = { pids: 500, cpu: 2 }
  const { ending, story } = await perform(container, record)
  t.match(ending, { outcome: 'skipped', reason: 'recorded' })
  t.same(host.effects, [], 'nothing is touched')
  const { commands, largest, tree, instances, ...rest } = evidenceIn(story)
  t.match(rest, {
    container: 'app',
    image: 'app:1',
    state: 'running',
    policy: { mode: 'observe', preset: 'protocol', profile: 'unknown' },
    measurement: { duplicates: 3, orphans: 1 },
    limits: {
      policy: { pids: 100, memory: 4 * 1024 ** 3, cpu: 2 },
      docker: { pids: 500, cpu: 2 },
      kernel: { pids: 500, memory: 1e9 },
    },
  })
  const memory = { command: 'node mcp-memory', instances: 5, processes: 14, youngest: 60, oldest: 3000 }
  t.match(commands[0], memory)
  t.match(largest[0], { command: 'chrome', residentBytes: 4_096_000 })
  t.match(largest[1], { command: 'dark', residentBytes: 4_091_904 })
  const [init] = tree
  t.match(init, { command: 'tini', instances: 1 })
  const below = init?.below ?? []
  t.same(below.map(told), ['1 node gateway.js (1)', '1 node mcp-memory (2)'], 'the orphan is below init')
  const servers = ['4 node mcp-memory (12)', '1 node mcp-files (3)', '1 chrome (1)', '1 dark (1)']
  t.same((below[0]?.below ?? []).map(told), servers)
  const standings = instances.slice(0, 4).map(({ standing }) => standing)
  t.same(
    standings.toSorted(),
    ['duplicate', 'duplicate', 'duplicate', 'orphan'],
    'what is leaked comes first',
  )
  const one = (wanted: number) => instances.find((instance) => instance.pid === wanted)
  t.match(one(pid), {
    sockets: { total: 7, listening: true },
    ageSeconds: 600,
    residentBytes: 4_096_000,
  })
  t.match(one(darkPid), { sockets: 'unknown' })
  t.notMatch(JSON.stringify(story), /hunter/)
})

t.test('a container with very many instances fills the journal only so far', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container } = addGateway(host, engine, 'app', {})
  let ppid = container.pid
  for (let i = 0; i < 400; i++) {
    const { pid } = host.spawn(container.id, { ppid, argv: [`worker${i}`] })
    // Some side by side, some below one another.
    if (i % 10 === 0) ppid = pid
  }
  const evidence = evidenceIn((await perform(container, { ...record, resource: 'processes' })).story)
  t.equal(evidence.commands.length, 100)
  t.equal(evidence.instances.length, 100)
  t.equal(evidence.largest.length, 20)
  t.ok(JSON.stringify(evidence.tree).length < 20_000)
})

t.test(
  'an image that is recognisably an application is named as such, unless the policy says it',
  async (t) => {
    for (const [image, labels, expected] of [
      ['ghcr.io/metatool-ai/metamcp:latest', {}, 'metamcp'],
      ['ghcr.io/metatool-ai/metamcp:latest', { 'pidwarden.profile': 'generic' }, undefined],
      ['node:24', {}, undefined],
    ] as const) {
      const { host, engine, perform } = createPidwarden()
      const { container, duplicate } = addGateway(host, engine, 'app', labels)
      duplicate(1)
      container.image = image
      t.equal(evidenceIn((await perform(container, record)).story).likelyProfile, expected)
    }
  },
)

t.test('before something is done sockets are counted, and nobody is asked who listens', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(10)
  const { sockets } = host.procfs
  const asked: unknown[] = []
  Object.assign(host.procfs, {
    sockets: (pid: number, who?: 'listening') => {
      asked.push(who)
      return sockets(pid, who)
    },
  })
  const { ending, story } = await perform(container)
  t.match(ending, { outcome: 'fixed' })
  t.same(evidenceIn(story).instances?.[0]?.sockets, { total: 2 }, 'those of its root and of its leaf')
  t.same(new Set(asked), new Set([undefined]))
})

t.test('the last lines of the log are kept, and nothing secret in them', async (t) => {
  const { host, engine, perform, journal } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  const lines = secretLines.map(({ argv }) => `running ${argv.join(' ')}`)
  const last = [`API_KEY=${planted.containerEnvironment}`, 'out of memory']
  engine.logs.set(container.id, [...lines, ...last])
  duplicate(1)
  const log = keptIn((await perform(container, record)).story)[1]?.log ?? []
  t.equal(log.length, 20)
  t.same(log.slice(-2), ['API_KEY=…', 'out of memory'])
  for (let from = 0; from < lines.length; from += 20) {
    engine.logs.set(container.id, lines.slice(from, from + 20))
    await perform(container, record)
  }
  const all = journal.recentRuns(100).map(({ id }) => JSON.stringify(journal.story(id)))
  const secrets = [...secretLines.map(({ secret }) => secret), planted.containerEnvironment]
  t.same(findSecrets({ journal: all.join('\n') }, secrets), [])
})

t.test('nobody waits for the log: neither the first signal, nor for ever at the end', async (t) => {
  const { host, engine, perform, clock } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(10)
  engine.docker.logs = async () => {
    await clock.sleep(3_600_000)
    return ['too late']
  }
  const { ending, story } = await perform(container)
  t.match(ending, { outcome: 'fixed' })
  t.equal(host.signals[0]?.at, 0)
  t.equal(keptIn(story).length, 1)
  t.ok(clock.monotonic() < 60_000)
})

t.test('a log that cannot be read is left out', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(10)
  engine.failures.logs.push(new DockerError('failed', 'configured logging driver does not support reading'))
  const { ending, story } = await perform(container)
  t.match(ending, { outcome: 'fixed' })
  t.equal(keptIn(story).length, 1)
})
