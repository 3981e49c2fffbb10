import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type GatewaySession, gatewayKey } from '../../lab/gateway/client.ts'
import type { RunStory } from '../../src/journal/records.ts'
import { startGateway, stubServer } from '../support/gateway-container.ts'
import { docker } from '../support/leaky-container.ts'
import { labFor, type Stack, startStack, token } from '../support/stack.ts'
import { until } from '../support/until.ts'

const labels = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'metamcp' }

const lab = await labFor(t)
if (lab) {
  const folder = await mkdtemp(join(tmpdir(), 'pidwarden-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const keyFile = join(folder, 'key')
  await writeFile(keyFile, 'sk_mt_wrong\n')
  const container = await startGateway(lab, { labels, servers: [stubServer()] })
  t.teardown(() => container.remove())
  const { gateway } = container
  const front = await countingFront(t, gateway.base)
  const stack = await startStack(t, lab, {
    alertmanagers: 0,
    config: `
      sessions:
        every: 1
        gateways:
          - { name: ${container.name}, url: "${front.url}", endpoint: stub, keyFile: ${keyFile}, maxAge: 3, maxIdle: 2 }
          - { name: pidwarden-test-away-*, endpoint: stub, keyFile: ${keyFile} }
    `,
  })

  /**
   * A client comes and uses the server. Whose copy is whose is only known when the spare one has come to rest before; on a
   * machine that has much to do it may not have.
   */
  async function come(): Promise<GatewaySession> {
    for (let times = 0; times < 5; times++) {
      await front.looks(3)
      const session = await gateway.open('stub')
      await session.tools()
      await front.looks(2)
      const verdict = verdictsOf(await plan(stack, container.name)).find((one) => one.session === session.id)
      if (verdict?.trees === 1) return session
      await session.end()
    }
    throw new Error('it is not known which copies are those of a session')
  }

  const live = await come()
  const calling = new AbortController()
  t.teardown(() => calling.abort())
  const failures: unknown[] = []
  let calls = 0
  const client = (async () => {
    for (; !calling.signal.aborted; calls++) {
      await live
        .call('stub__echo', { message: String(calls) })
        .catch((error: unknown) => failures.push(error))
      await delay(100)
    }
  })()
  const left: GatewaySession[] = []
  for (let times = 0; times < 2; times++) left.push(await come())
  for (const session of left) await session.abandon()
  const { sessions } = await gateway.state()
  const processesOf = ({ id }: GatewaySession) =>
    container.below(sessions.find((one) => one.id === id)?.servers.map(({ pid }) => pid) ?? [])
  const [ofLeft, ofLive] = [left.flatMap(processesOf), processesOf(live)]

  await t.test('a plan says of each session why', async (t) => {
    const verdicts = await until('all that were left are abandoned', async () => {
      const said = verdictsOf(await plan(stack, container.name))
      return said.filter(({ verdict }) => verdict === 'close').length === left.length && said
    })
    t.same(
      verdicts.map(({ session, reason }) => [session, reason]),
      [...left.map(({ id }) => [id, 'abandoned']), [live.id, 'in_use']],
    )
  })

  await t.test('a wrong key is one error, and nothing is closed', async (t) => {
    const run = await drain(stack, container)
    const { ending, effects } = stepOf(run)
    t.match(ending, { outcome: 'failed', reason: 'action_failed', detail: /answered 401: the key in / })
    t.match(effects, [{ kind: 'drain', object: left[0]?.id, result: /^failed: / }])
    t.equal(effects.length, 1)
    t.equal((await gateway.sessions()).streamableHttpSessions.count, left.length + 1)
  })

  await t.test('what was left is closed one by one, and who works is not disturbed', async (t) => {
    await writeFile(keyFile, `${gatewayKey}\n`)
    const before = calls
    const run = await drain(stack, container)
    t.same(
      run.steps.flatMap(({ effects }) => effects.map(({ kind, object, result }) => [kind, object, result])),
      left.map(({ id }) => ['drain', id, 'done']),
      'and nothing else is done',
    )
    const alive = new Set([...container.processes().values()].map(({ key }) => key))
    t.equal(ofLeft.length, left.length)
    t.same(
      ofLeft.filter((key) => alive.has(key)),
      [],
      'with their processes',
    )
    t.equal(ofLive.length, 1)
    t.ok(ofLive.every((key) => alive.has(key)))
    await until('the client goes on calling', () => calls > before + 5)
    t.same(failures, [], 'and no call of it has failed')
    t.same((await gateway.sessions()).streamableHttpSessions.sessionIds, [live.id])
    t.same((await gateway.state()).errors, {}, 'no server was given up')
    t.notMatch(JSON.stringify(run), gatewayKey)
  })

  await t.test('a gateway that is away is asked at its own address, and skipped', async (t) => {
    const name = `pidwarden-test-away-${randomBytes(4).toString('hex')}`
    const named = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`])
    const id = await docker(
      lab,
      'run',
      '--detach',
      '--name',
      name,
      ...named,
      'busybox:stable',
      'sleep',
      '600',
    )
    t.teardown(() => docker(lab, 'rm', '--force', id))
    const run = await drain(stack, { id, name })
    t.match(stepOf(run), {
      ending: {
        outcome: 'skipped',
        reason: 'no_session_api',
        detail: /^GET http:\/\/\d+\.\d+\.\d+\.\d+:12008\/metamcp\/health\/sessions: .*ECONNREFUSED/,
      },
      effects: [],
    })
  })

  calling.abort()
  await client
  await live.end()
}

/** Passes everything on, and counts how often somebody asks for the sessions. */
async function countingFront(t: Test, base: string) {
  let asked = 0
  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '', headers } = request
    if (method === 'GET') asked++
    const passed = Object.fromEntries(
      ['x-api-key', 'mcp-session-id'].flatMap((name) => {
        const value = headers[name]
        return typeof value === 'string' ? [[name, value]] : []
      }),
    )
    try {
      const answer = await fetch(base + url, { method, headers: passed })
      response.writeHead(answer.status).end(await answer.text())
    } catch {
      // The gateway goes before those who look at it.
      response.writeHead(502).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  t.teardown(() => server.closeAllConnections())
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves after so many more. */
    async looks(times: number) {
      const before = asked
      await until(`${times} looks`, () => asked >= before + times)
    },
  }
}

interface Verdict {
  readonly session: string
  readonly verdict: string
  readonly reason: string
  readonly trees: number
}

function verdictsOf(run: RunStory): Verdict[] {
  return (stepOf(run).plan ?? []) as Verdict[]
}

function stepOf({ steps }: RunStory) {
  const step = steps.find(({ action }) => action === 'drain-sessions')
  if (step === undefined) throw new Error('nothing was drained')
  return step
}

function order(stack: Stack, name: string, query = ''): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` }
  return fetch(`${stack.url}/api/containers/${name}/playbooks/drain${query}`, { method: 'POST', headers })
}

async function plan(stack: Stack, name: string): Promise<RunStory> {
  const response = await order(stack, name)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as RunStory
}

/** Orders it, and returns how it ended. */
async function drain(stack: Stack, { id, name }: { id: string; name: string }): Promise<RunStory> {
  const runId = await until('it is queued', async () => {
    const response = await order(stack, name, '?dryRun=false')
    return response.status === 202 && ((await response.json()) as { runId: string }).runId
  })
  return until('it is over', async () => (await stack.ended(id)).find((run) => run.id === runId))
}
