import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ContainerRecord } from '../../src/host/docker.ts'
import { createDocker } from '../../src/host/dockerode.ts'
import { emptyFolder } from '../support/folder.ts'

const id = 'a'.repeat(64)

/** What an engine says about a container; only what is read here. */
const inspected = {
  Id: id,
  Name: '/metamcp',
  Image: 'sha256:1',
  RestartCount: 2,
  State: { Status: 'running', Pid: 4711, StartedAt: '2026-11-20T12:00:00.000000001Z', ExitCode: 0 },
  Config: { Image: 'metamcp:2', Labels: { own: 'x' }, Env: ['API_KEY=hunter2secret'], Cmd: ['node'] },
  HostConfig: {},
}

interface Answer {
  readonly status?: number
  readonly body: unknown
}

/** A Docker over a socket behind which stands a server that gives these answers, by `METHOD path`. */
async function engine(t: Test, answers: Readonly<Record<string, Answer>>) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/v[\d.]+/, '')
    requests.push(`${request.method} ${path}`)
    const { status = 200, body } = answers[`${request.method} ${path}`] ?? {
      status: 404,
      body: { message: 'no such thing' },
    }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(status === 304 ? undefined : JSON.stringify(body))
  })
  const socket = join(emptyFolder(t), 'docker.sock')
  server.listen(socket)
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { docker: createDocker(socket), requests }
}

/** The record of a container about which the engine says this. */
async function record(
  t: Test,
  more: Partial<Record<keyof typeof inspected | 'NetworkSettings', object>>,
): Promise<ContainerRecord> {
  const merged = Object.fromEntries(
    Object.entries(more).map(([key, value]) => {
      const before = inspected[key as keyof typeof inspected]
      return [key, typeof before === 'object' ? { ...before, ...value } : value]
    }),
  )
  const { docker } = await engine(t, {
    [`GET /containers/${id}/json`]: { body: { ...inspected, ...merged } },
  })
  return docker.inspect(id)
}

t.test('its addresses, where it has any', async (t) => {
  const networks = (Networks: object) => ({ NetworkSettings: { Networks } })
  const found = await record(t, {
    NetworkSettings: { Networks: { back: { IPAddress: '172.20.0.5' }, gone: { IPAddress: '' }, none: {} } },
  })
  t.same(found.addresses, { back: '172.20.0.5' })
  for (const none of [networks({ host: { IPAddress: '' } }), networks({}), {}])
    t.notOk('addresses' in (await record(t, none)))
})

t.test('what is kept of a container, and nothing that can hold a secret', async (t) => {
  const found = await record(t, {})
  t.strictSame(found, {
    id,
    name: 'metamcp',
    image: 'metamcp:2',
    imageId: 'sha256:1',
    state: 'running',
    pid: 4711,
    startedAt: '2026-11-20T12:00:00.000000001Z',
    health: 'none',
    restarts: 2,
    exitCode: 0,
    limits: {},
    labels: { own: 'x' },
    autoRemove: false,
    swarmTask: false,
    stopTimeout: 10,
  })
  t.notMatch(JSON.stringify(found), 'hunter2')
})

t.test('limits as they are configured; whatever stands for none is absent', async (t) => {
  const table: [string, object, ContainerRecord['limits']][] = [
    ['nothing said', {}, {}],
    ['as an engine fills it in', { PidsLimit: null, Memory: 0, NanoCpus: 0, CpuQuota: 0, CpuPeriod: 0 }, {}],
    ['unlimited in words of today and of yesterday', { PidsLimit: -1, Memory: -1, CpuQuota: -1 }, {}],
    ['pids', { PidsLimit: 25 }, { pids: 25 }],
    ['zero pids are no limit', { PidsLimit: 0 }, {}],
    [
      'memory',
      { Memory: 4294967296, MemorySwap: 8589934592 },
      { memory: 4294967296, memorySwap: 8589934592 },
    ],
    ['memory without a limit of swap', { Memory: 1e9, MemorySwap: -1 }, { memory: 1e9, memorySwap: -1 }],
    ['memory that is reserved', { MemoryReservation: 1e9 }, { memoryReservation: 1e9 }],
    ['--cpus', { NanoCpus: 1_500_000_000 }, { cpu: 1.5 }],
    ['--cpu-quota', { CpuQuota: 50_000 }, { cpu: 0.5 }],
    ['--cpu-quota and --cpu-period', { CpuQuota: 50_000, CpuPeriod: 20_000 }, { cpu: 2.5 }],
    ['--cpu-period alone', { CpuPeriod: 20_000 }, {}],
    ['all', { PidsLimit: 100, Memory: 1, NanoCpus: 2e9 }, { pids: 100, memory: 1, cpu: 2 }],
  ]
  for (const [what, host, expected] of table) {
    t.strictSame((await record(t, { HostConfig: host })).limits, expected, what)
  }
})

t.test('init, ulimits, and whether the log has an end', async (t) => {
  const table: [string, object, Partial<ContainerRecord>][] = [
    ['nothing said', { Init: null, Ulimits: null }, {}],
    ['no init, no ulimits', { Init: false, Ulimits: [] }, {}],
    ['--init', { Init: true }, { init: true }],
    [
      '--ulimit',
      {
        Ulimits: [
          { Name: 'nofile', Soft: 1024, Hard: 2048 },
          { Name: 'nproc', Soft: -1, Hard: -1 },
        ],
      },
      { ulimits: { nofile: [1024, 2048], nproc: [-1, -1] } },
    ],
    ['json-file as it comes', { LogConfig: { Type: 'json-file', Config: {} } }, { logRotates: false }],
    ['json-file', { LogConfig: { Type: 'json-file', Config: { 'max-size': '10m' } } }, { logRotates: true }],
    ['not at all', { LogConfig: { Type: 'json-file', Config: { 'max-size': '-1' } } }, { logRotates: false }],
    ['local as it comes', { LogConfig: { Type: 'local', Config: {} } }, { logRotates: true }],
    [
      'local without end',
      { LogConfig: { Type: 'local', Config: { 'max-size': '-1' } } },
      { logRotates: false },
    ],
    ['another driver', { LogConfig: { Type: 'splunk', Config: { 'splunk-token': 'hunter2secret' } } }, {}],
  ]
  for (const [what, host, expected] of table) {
    const { init, ulimits, logRotates, ...others } = await record(t, { HostConfig: host })
    const found = Object.entries({ init, ulimits, logRotates }).filter(([, value]) => value !== undefined)
    t.strictSame(Object.fromEntries(found), expected, what)
    t.notMatch(JSON.stringify(others), 'hunter2', what)
  }
})

t.test('state, health and exit code', async (t) => {
  for (const state of ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const) {
    t.equal((await record(t, { State: { Status: state } })).state, state)
  }
  t.equal((await record(t, { State: { Status: 'hibernating' } })).state, 'dead', 'a word nobody knows yet')
  for (const health of ['starting', 'healthy', 'unhealthy', 'none'] as const) {
    t.equal((await record(t, { State: { Health: { Status: health } } })).health, health)
  }
  t.equal((await record(t, { State: { Health: { Status: 'sleepy' } } })).health, 'none')
  t.match(await record(t, { State: { Status: 'exited', Pid: 0, ExitCode: 137 } }), { pid: 0, exitCode: 137 })
})

t.test('labels and the time to stop', async (t) => {
  t.match(await record(t, { Config: { Labels: null } }), { labels: {}, stopTimeout: 10 })
  t.equal((await record(t, { Config: { StopTimeout: 30 } })).stopTimeout, 30)
  t.equal((await record(t, { Config: { StopTimeout: 0 } })).stopTimeout, 0)
  t.equal((await record(t, { Config: { StopTimeout: null } })).stopTimeout, 10)
  t.equal((await record(t, { Config: { StopTimeout: -1 } })).stopTimeout, 10, 'without end')
})

t.test('who starts or removes it besides', async (t) => {
  const table: [string, Parameters<typeof record>[1], Partial<ContainerRecord>][] = [
    ['--rm', { HostConfig: { AutoRemove: true } }, { autoRemove: true, swarmTask: false }],
    ['not --rm', { HostConfig: { AutoRemove: false } }, { autoRemove: false, swarmTask: false }],
    [
      'a task of Swarm',
      { Config: { Labels: { 'com.docker.swarm.task.id': 'x', own: 'x' } } },
      { autoRemove: false, swarmTask: true },
    ],
    [
      'another label of Swarm',
      { Config: { Labels: { 'com.docker.swarm.node.id': 'x' } } },
      { swarmTask: false },
    ],
    ['no label at all', { Config: { Labels: null } }, { swarmTask: false }],
  ]
  for (const [what, more, expected] of table) t.match(await record(t, more), expected, what)
})

t.test('a list is the ids, and inspects nothing', async (t) => {
  const other = 'b'.repeat(64)
  const { docker, requests } = await engine(t, {
    'GET /containers/json?all=true': { body: [{ Id: other, Names: ['/b'] }, { Id: id }] },
  })
  t.strictSame(await docker.list(), [other, id])
  t.strictSame(requests, ['GET /containers/json?all=true'])
})

t.test('a list that fails is no empty list', async (t) => {
  const { docker } = await engine(t, {
    'GET /containers/json?all=true': { status: 500, body: { message: 'no space left' } },
  })
  await t.rejects(docker.list(), { name: 'DockerError', code: 'failed', message: /no space left/ })
})

t.test('labels of an image; of one that was removed nobody knows', async (t) => {
  const { docker } = await engine(t, {
    'GET /images/sha256:1/json': { body: { Config: { Labels: { base: 'y' } } } },
    'GET /images/sha256:2/json': { body: { Config: { Labels: null } } },
    'GET /images/sha256:3/json': { body: {} },
  })
  t.strictSame(await docker.imageLabels('sha256:1'), { base: 'y' })
  for (const image of ['sha256:2', 'sha256:3']) t.strictSame(await docker.imageLabels(image), {}, image)
  t.equal(await docker.imageLabels('sha256:4'), undefined)
})

t.test('start and stop: there already is success', async (t) => {
  const { docker, requests } = await engine(t, {
    [`POST /containers/${id}/stop?t=7`]: { status: 304, body: '' },
    [`POST /containers/${id}/start`]: { status: 304, body: '' },
  })
  await docker.stop(id, 7)
  await docker.start(id)
  t.strictSame(requests, [`POST /containers/${id}/stop?t=7`, `POST /containers/${id}/start`])
})

t.test('what the engine answers becomes a code', async (t) => {
  for (const [status, code, retryable] of [
    [404, 'not_found', false],
    [409, 'conflict', false],
    [403, 'refused', false],
    [400, 'failed', false],
    [500, 'failed', false],
  ] as const) {
    const { docker } = await engine(t, {
      [`GET /containers/${id}/json`]: { status, body: { message: 'because' } },
    })
    await t.rejects(docker.inspect(id), {
      name: 'DockerError',
      code,
      retryable,
      message: new RegExp(`^could not inspect container aaaaaaaaaaaa: Docker answered ${status}.*because`),
    })
  }
})

t.test('no engine at all is one that may come back', async (t) => {
  const docker = createDocker(join(emptyFolder(t), 'nowhere.sock'))
  const calls = [docker.ping, docker.list, () => docker.inspect(id), () => docker.stop(id, 1)]
  for (const call of calls) {
    await t.rejects(async () => void (await call()), {
      code: 'unreachable',
      retryable: true,
      message: /ENOENT/,
    })
  }
})
