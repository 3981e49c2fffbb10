import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createDocker } from '../../src/host/dockerode.ts'
import { emptyFolder } from '../support/folder.ts'

const id = 'a'.repeat(64)

/**
 * An engine with one container; what it is asked to change goes to `updates`. Pausing is answered with `pauses`; who
 * inspects a container of an `unheard` engine is hung up on.
 */
async function engine(t: Test, { hostConfig = {}, state = 'running', pauses = 204, unheard = false } = {}) {
  const updates: unknown[] = []
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request)
    const path = (request.url ?? '')
      .replace(/^\/v[\d.]+/, '')
      .split('/')
      .at(-1)
    if (unheard && path === 'json') request.socket.destroy()
    if (path === 'update') updates.push(JSON.parse(Buffer.concat(chunks).toString()))
    response.writeHead(path === 'pause' ? pauses : path === 'update' || path === 'json' ? 200 : 404, {
      'content-type': 'application/json',
    })
    const container = {
      Id: id,
      Name: '/one',
      State: { Status: state },
      Config: { Image: 'one' },
      HostConfig: hostConfig,
    }
    response.end(
      pauses === 204 && path === 'pause'
        ? undefined
        : JSON.stringify(path === 'json' ? container : { message: 'no' }),
    )
  })
  const socket = join(emptyFolder(t), 'docker.sock')
  server.listen(socket)
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { docker: createDocker(socket), updates }
}

t.test('a CPU limit is changed in the words in which the container has it', async (t) => {
  for (const [what, hostConfig, cpu, expected] of [
    ['none: a quota, and no period, which could not be taken back', {}, 0.75, { CpuQuota: 75_000 }],
    ['none again', { CpuQuota: 75_000 }, -1, { CpuQuota: -1 }],
    ['--cpus', { NanoCpus: 1_500_000_000 }, 0.75, { NanoCpus: 750_000_000 }],
    ['--cpu-quota', { CpuQuota: 30_000 }, 1.5, { CpuQuota: 150_000 }],
    [
      '--cpu-quota and --cpu-period',
      { CpuQuota: 30_000, CpuPeriod: 20_000 },
      0.75,
      { CpuQuota: 15_000, CpuPeriod: 20_000 },
    ],
    ['--cpu-period alone', { CpuPeriod: 20_000 }, -1, { CpuQuota: -1, CpuPeriod: 20_000 }],
  ] as const) {
    const { docker, updates } = await engine(t, { hostConfig })
    await docker.update(id, { cpu })
    t.strictSame(updates, [expected], what)
  }
})

t.test('what is not to be changed is not spoken of', async (t) => {
  const { docker, updates } = await engine(t, { hostConfig: { NanoCpus: 1e9, PidsLimit: 50 } })
  await docker.update(id, { pids: -1 })
  await docker.update(id, { memory: 1e9, memorySwap: -1, memoryReservation: 1e8 })
  t.strictSame(updates, [{ PidsLimit: -1 }, { Memory: 1e9, MemorySwap: -1, MemoryReservation: 1e8 }])
})

t.test('whose a pause is', async (t) => {
  t.equal(await (await engine(t)).docker.pause(id), true)
  t.equal(await (await engine(t, { pauses: 409, state: 'paused' })).docker.pause(id), false, 'it was before')
  const refused = await engine(t, { pauses: 500 })
  await t.rejects(refused.docker.pause(id), { code: 'failed', retryable: false })
})

t.test('what Docker has refused is refused, though it says no more than that', async (t) => {
  // Whoever took it for a pause that may come yet would take back the one of a person.
  for (const [pauses, code] of [
    [409, 'conflict'],
    [500, 'failed'],
  ] as const) {
    const { docker } = await engine(t, { pauses, state: 'paused', unheard: true })
    await t.rejects(docker.pause(id), { code, retryable: false, message: /^could not pause container/ })
  }
})
