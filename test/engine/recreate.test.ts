import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import { parseConfig } from '../../src/config.ts'
import { DockerError } from '../../src/host/docker.ts'
import type { RunStory } from '../../src/journal/records.ts'
import { createService } from '../../src/service.ts'
import { emptyFolder } from '../support/folder.ts'
import { docker } from '../support/leaky-container.ts'
import { type RealRuns, realRuns } from '../support/real-runs.ts'
import { changedFields, type Inspected, inspected, leftovers } from '../support/recreated-container.ts'
import { labFor, startStack, token } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** What a new container has otherwise, whatever it is. */
const anew = [
  /^(Id|Created|ResolvConfPath|HostnamePath|HostsPath|LogPath)$/,
  /^ExecIDs/,
  /^State\.(Pid|StartedAt|FinishedAt)$/,
  /^State\.Health\.Log/,
  /^GraphDriver\./,
  /^NetworkSettings\.(SandboxID|SandboxKey)$/,
  /^NetworkSettings\.Networks\.[^.]+\.EndpointID$/,
]

const provided = await labFor(t)
if (provided) {
  const lab: Lab = provided
  const of = `pidwarden-test-${randomBytes(4).toString('hex')}`
  const run = (...args: string[]): Promise<string> => docker(lab, ...args)
  const [first, second] = [randomBytes(1)[0]! % 200, 1 + (randomBytes(1)[0]! % 200)]
  const subnets = [`10.231.${first}`, `10.232.${second}`] as const
  const networks = [`${of}-a`, `${of}-b`] as const
  t.teardown(async () => {
    const labelled = async (...args: string[]): Promise<string[]> =>
      (await run(...args, '--quiet', '--filter', `label=of=${of}`)).split('\n').filter(Boolean)
    const containers = await labelled('ps', '--all')
    if (containers.length > 0) await run('rm', '--force', '--volumes', ...containers)
    for (const kind of ['volume', 'network']) {
      const names = await labelled(kind, 'ls')
      if (names.length > 0) await run(kind, 'rm', ...names)
    }
    const images = new Set(await labelled('images'))
    if (images.size > 0) await run('rmi', '--force', ...images)
  })
  for (const [index, network] of networks.entries())
    await run('network', 'create', '--label', `of=${of}`, '--subnet', `${subnets[index]}.0/24`, network)
  const optedIn = ['--label', 'pidwarden.mode=enforce', '--label', 'pidwarden.recreate=true']
  const quick = ['--stop-signal', 'KILL', '--stop-timeout', '0']

  // An image of its own with a volume and an entrypoint, whose name can be given to another one.
  const image = `${of}:1`
  const template = await run('create', 'busybox:stable')
  const changes = ['VOLUME /of-image', 'ENTRYPOINT ["/bin/sh", "-c"]', 'CMD ["sleep 1"]', `LABEL of=${of}`]
  await run('commit', ...changes.flatMap((one) => ['--change', one]), template, image)
  await run('rm', template)

  // Containers without a health check are to stay up for ten seconds: that would be most of what this takes.
  const config = `
remediation: { settle: 0.2, restartsPerHour: 60 }
policy: { preset: fix }
playbooks:
  - name: recreate
    description: As it is shipped, only quicker.
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: recreate-container, with: { steady: 0.2 }, goal: below-tier, onMiss: escalate }
`
  const stack = await startStack(t, lab, { alertmanagers: 0, config })

  /** Has a container recreated as a person would, and waits until that is over. */
  async function recreate(name: string): Promise<RunStory> {
    const path = `/api/containers/${name}/playbooks/recreate?dryRun=false`
    const { runId } = await until('the order is accepted', async () => {
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(stack.url + path, { method: 'POST', headers })
      const answer = (await response.json()) as { runId: string }
      if (response.status !== 202) throw new Error(JSON.stringify(answer))
      return answer
    })
    return until('the run is over', async () => {
      const story = await stack.get<RunStory>(`/api/runs/${runId}`)
      return story.state === 'done' && story
    })
  }

  await t.test('everything that a container can have is as before', async (t) => {
    const name = `${of}-all`
    await run('volume', 'create', '--label', `of=${of}`, `${name}-named`)
    await run(
      ...['run', '--detach', '--name', name, ...optedIn, ...quick, '--label', `of=${of}`],
      ...[
        '--network',
        networks[0],
        '--ip',
        `${subnets[0]}.7`,
        '--network-alias',
        'one',
        '--network-alias',
        'two',
      ],
      ...[
        '--mac-address',
        '02:42:0a:e7:07:07',
        '--publish',
        '127.0.0.1:0:80',
        '--publish',
        `127.0.0.1:${49_000 + first}:81`,
      ],
      ...[
        '--volume',
        `${name}-named:/named`,
        '--volume',
        '/anonymous',
        '--volume',
        '/etc/hostname:/bound:ro',
      ],
      ...['--mount', 'type=volume,dst=/unnamed', '--tmpfs', '/scratch:size=1m'],
      ...['--memory', '64m', '--memory-swap', '96m', '--memory-reservation', '32m', '--pids-limit', '50'],
      ...['--cpus', '0.5', '--cpu-shares', '512', '--ulimit', 'nofile=100:200', '--shm-size', '8m'],
      ...['--init', '--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE', '--device', '/dev/null:/dev/other'],
      ...['--security-opt', 'no-new-privileges', '--read-only', '--user', '1000:1000', '--group-add', '7'],
      ...[
        '--env',
        'SECRET=hunter2',
        '--workdir',
        '/tmp',
        '--add-host',
        'elsewhere:10.0.0.1',
        '--dns',
        '10.0.0.53',
      ],
      ...['--sysctl', 'net.core.somaxconn=512', '--oom-score-adj', '100', '--restart', 'unless-stopped'],
      ...['--log-opt', 'max-size=1m', '--log-opt', 'max-file=2', '--domainname', 'example.test'],
      ...['--health-cmd', 'true', '--health-interval', '300ms', '--health-retries', '5'],
      ...['--label', 'com.docker.compose.project=p', '--label', 'com.docker.compose.config-hash=abc'],
      ...[image, 'sleep 1000'],
    )
    await run('network', 'connect', '--ip', `${subnets[1]}.7`, '--alias', 'three', networks[1], name)
    const dependent = `${name}-dependent`
    await run(
      ...['run', '--detach', '--name', dependent, ...optedIn, ...quick, '--network', `container:${name}`],
      ...['--label', `of=${of}`, image, 'sleep 1000'],
    )
    const healthy = async (): Promise<boolean> =>
      (await run('inspect', '--format', '{{.State.Health.Status}}', name)) === 'healthy'
    await until('it is healthy', healthy)
    await run(
      'exec',
      '--user',
      '0',
      name,
      'sh',
      '-c',
      'echo kept > /anonymous/x; echo kept > /unnamed/x; echo kept > /of-image/x',
    )
    const before = [await inspected(lab, name), await inspected(lab, dependent)]
    const had = await leftovers(lab, name)
    const story = await recreate(name)
    t.match(story.steps.at(-1), { action: 'recreate-container' })
    const after = [await inspected(lab, name), await inspected(lab, dependent)]
    t.same(story.ending?.outcome, 'fixed', JSON.stringify(story.ending))
    const allowed = [
      ...anew,
      /^Config\.Hostname$/,
      // The anonymous volumes are asked for by name now.
      /^HostConfig\.Mounts/,
      /^Mounts\..+\.Mode$/,
      // A name that the engine makes of the id; a port and an address that nobody has asked for.
      /^NetworkSettings\.Networks\.[^.]+\.DNSNames/,
      new RegExp(`^NetworkSettings\\.Networks\\.${networks[1]}\\.MacAddress$`),
      /^NetworkSettings\.Ports\.80\/tcp\.0\.HostPort$/,
      /^HostConfig\.NetworkMode$/,
    ]
    for (const [index, one] of before.entries())
      t.same(changedFields(one, after[index], allowed), [], one.Name as string)
    t.match(after[1]?.HostConfig, { NetworkMode: `container:${after[0]?.Id}` })
    t.match(after[0]?.HostConfig, { NetworkMode: networks[0] })
    const { Mounts: asked } = (after[0]?.HostConfig ?? {}) as { Mounts?: { Type: string; Target: string }[] }
    t.same(
      asked?.map(({ Type, Target }) => `${Type} ${Target}`).sort(),
      ['/anonymous', '/of-image', '/unnamed'].map((target) => `volume ${target}`),
    )
    t.equal(
      await run('exec', name, 'cat', '/anonymous/x', '/unnamed/x', '/of-image/x'),
      'kept\nkept\nkept',
      'with the volumes that it had',
    )
    t.equal(
      await run('exec', dependent, 'hostname', '-i').catch(String),
      await run('exec', name, 'hostname', '-i').catch(String),
    )
    t.same(await leftovers(lab, name), had, 'and nothing is left behind')
    t.notOk(JSON.stringify(story).includes('hunter2'), 'no environment is in the journal')
  })

  /** A small container with all that can get lost on the way. */
  async function startSmall(name: string, host: number): Promise<void> {
    await run(
      ...['run', '--detach', '--name', name, ...optedIn, ...quick, '--label', `of=${of}`],
      ...['--network', networks[0], '--ip', `${subnets[0]}.${host}`, '--network-alias', 'small'],
      ...['--publish', `127.0.0.1:${49_300 + first + host}:80`, '--volume', '/anonymous'],
      ...[image, 'sleep 1000'],
    )
    await run('network', 'connect', '--ip', `${subnets[1]}.${host}`, '--alias', 'other', networks[1], name)
  }
  /** What a container has otherwise that was stopped and started again. */
  const restarted = [
    /^State\.(Pid|StartedAt|FinishedAt|ExitCode)$/,
    /^NetworkSettings\.(SandboxID|SandboxKey)$/,
    /^NetworkSettings\.Networks\.[^.]+\.(EndpointID|MacAddress)$/,
  ]

  const calls = ['rename', 'create', 'connect', 'stop', 'disconnect', 'disconnect', 'start', 'remove']

  /** What is to be as it was, and whether it is. */
  async function memory(t: Test, name: string) {
    const [before, had] = [await inspected(lab, name), await leftovers(lab, name)]
    return async (what: string, { journal }: RealRuns): Promise<void> => {
      t.same(changedFields(before, await inspected(lab, name), restarted), [], what)
      t.same(await leftovers(lab, name), had, `${what}: nothing is left behind`)
      t.same(journal.recreations(), [], `${what}: and nothing is open`)
    }
  }

  /** Whatever goes wrong at whichever call, the old container runs again. */
  async function failAtEachCall(t: Test): Promise<void> {
    const name = `${of}-failing`
    await startSmall(name, 9)
    const isBack = await memory(t, name)
    for (const [index, call] of calls.slice(0, -1).entries()) {
      for (const when of ['before', 'after'] as const) {
        const error = new DockerError(when === 'before' ? 'failed' : 'timeout', `${call}: no luck`)
        const runs = realRuns(lab, config, { at: index + 1, when, error })
        const { ending } = await runs.perform(name, 'recreate')
        const what = `${call} (${index + 1}) throws ${when} it has worked`
        t.equal(runs.engine.calls[index], call, what)
        const detail = /no luck; the old container is as it was/
        t.match(ending, { outcome: 'failed', reason: 'action_failed', detail }, what)
        await isBack(what, runs)
      }
    }
  }

  /** Wherever pidwarden ends, the next one puts it in order. */
  async function endAtEachCall(t: Test): Promise<void> {
    const name = `${of}-dying`
    await startSmall(name, 11)
    const isBack = await memory(t, name)
    for (const [index, call] of calls.slice(0, -1).entries()) {
      const runs = realRuns(lab, config, { at: index + 1, when: 'after', error: undefined })
      await Promise.race([runs.perform(name, 'recreate'), runs.engine.abandoned])
      t.equal(runs.engine.calls[index], call)
      t.equal(runs.journal.recreations().length, 1)
      await runs.recover()
      await isBack(`after ${call} (${index + 1})`, runs)
    }
    const [before, had] = [await inspected(lab, name), await leftovers(lab, name)]
    for (const [when, error] of [
      ['before', new DockerError('timeout', 'no luck')],
      ['before', undefined],
      ['after', undefined],
    ] as const) {
      const runs = realRuns(lab, config, { at: calls.length, when, error })
      const ended = await Promise.race([runs.perform(name, 'recreate'), runs.engine.abandoned])
      const what = `${error ? 'fails' : 'ends'} ${when} the old container is removed`
      if (ended) t.match(ended.ending, { outcome: 'fixed' }, what)
      await runs.recover()
      const after = await inspected(lab, name)
      t.match(after.State, { Status: 'running' })
      t.not(after.Id, before.Id, `${what}: the new one stays`)
      t.same(await leftovers(lab, name), had, what)
      t.same(runs.journal.recreations(), [], what)
    }
  }

  await t.test(
    'what goes wrong at whichever call is taken back, by this pidwarden or by the next',
    async (t) => {
      // Most of the time they wait for the engine.
      await Promise.all([failAtEachCall(t), endAtEachCall(t)])
    },
  )

  await t.test('a tag that was moved: the image stays, and its name is kept', async (t) => {
    const name = `${of}-moved`
    const tag = `${of}:moving`
    await run('tag', image, tag)
    await run(
      'run',
      '--detach',
      '--name',
      name,
      ...optedIn,
      ...quick,
      '--label',
      `of=${of}`,
      tag,
      'sleep 1000',
    )
    const before = await inspected(lab, name)
    const recreated = async (): Promise<Inspected> => {
      const { ending } = await realRuns(lab, config).perform(name, 'recreate')
      t.match(ending, { outcome: 'fixed' })
      return inspected(lab, name)
    }
    await run('tag', 'busybox:stable', tag)
    const moved = await recreated()
    t.equal(moved.Image, before.Image)
    t.match(moved.Config, { Image: before.Image, Labels: { 'pidwarden.image': tag } })
    await run('rmi', tag)
    t.match((await recreated()).Config, { Image: before.Image, Labels: { 'pidwarden.image': tag } })
    await run('tag', image, tag)
    const back = await recreated()
    t.match(back.HostConfig, { PidsLimit: 100, Memory: 4 * 1024 ** 3 }, 'with the limits of the policy')
    t.same(back.Config, { ...(before.Config as object), Hostname: back.Id.slice(0, 12) }, 'the name is back')
    await run('rmi', tag)
  })

  await t.test(
    'another container in its network: refused, or recreated with it, or both are back',
    async (t) => {
      const name = `${of}-shared`
      const start = (own: string, network: string, labels: readonly string[]): Promise<string> =>
        run(
          ...['run', '--detach', '--name', own, '--label', `of=${of}`, ...labels, ...quick],
          ...['--network', network, image, 'sleep 1000'],
        )
      await start(name, networks[0], optedIn)
      await start(`${name}-in`, `container:${name}`, ['--label', 'pidwarden.mode=enforce'])
      const refused = await realRuns(lab, config).perform(name, 'recreate')
      t.match(refused.ending, { reason: 'unsafe_recreate', detail: /-shared-in.*has not opted in/ })
      await run('rm', '--force', `${name}-in`)
      await start(`${name}-in`, `container:${name}`, optedIn)
      const both = [name, `${name}-in`]
      const before = await Promise.all(both.map((one) => inspected(lab, one)))
      // The last call but the removals: the second of the new ones is started.
      const runs = realRuns(lab, config, {
        at: 9,
        when: 'after',
        error: new DockerError('timeout', 'no luck'),
      })
      const { ending } = await runs.perform(name, 'recreate')
      t.match(runs.engine.calls.slice(7, 9), ['start', 'start'])
      t.match(ending, { outcome: 'failed', detail: /the old container is as it was/ })
      const after = await Promise.all(both.map((one) => inspected(lab, one)))
      for (const [index, one] of before.entries()) t.same(changedFields(one, after[index], restarted), [])
      const namespace = (one: string): Promise<string> => run('exec', one, 'readlink', '/proc/self/ns/net')
      t.equal(await namespace(name), await namespace(`${name}-in`), 'in one network')
    },
  )

  await t.test('the whole pidwarden puts it in order when it is started again', async (t) => {
    const name = `${of}-again`
    await startSmall(name, 13)
    const isBack = await memory(t, name)
    const journalPath = join(emptyFolder(t), 'journal.db')
    const dying = realRuns(lab, config, { at: 6, when: 'after', error: undefined }, journalPath)
    await Promise.race([dying.perform(name, 'recreate'), dying.engine.abandoned])
    const service = createService({
      config: parseConfig(config, 'test.yaml'),
      token,
      alertmanagers: [],
      journalPath,
      dockerSocket: lab.socketPath,
      procRoot: '/proc',
      cgroupRoot: '/sys/fs/cgroup',
      logger: pino({ level: 'silent' }),
    })
    t.teardown(() => service.stop())
    service.start()
    await until('it is taken back', () => dying.journal.recreations().length === 0)
    await isBack('started again', dying)
    await until('the run is interrupted', () => dying.journal.openRuns().length === 0)
    t.match(dying.journal.recentRuns(1), [{ ending: { outcome: 'interrupted', reason: 'crash' } }])
  })
}
