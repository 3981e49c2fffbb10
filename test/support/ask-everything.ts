import { connect } from 'node:net'
import type { Run } from '../../src/journal/records.ts'
import { bearer } from './problem.ts'
import { planted } from './secrets.ts'

/** What came back, by what was asked. */
export type Answers = Record<string, string>

const webhook = '/webhooks/alertmanager'
const json = { 'content-type': 'application/json' }

/** An alert that fits no container, with secrets wherever somebody may have put one. */
const foreign = {
  version: '4',
  status: 'firing',
  receiver: planted.labelOfAlert,
  externalURL: `http://u:${planted.labelOfAlert}@alertmanager`,
  commonAnnotations: { summary: planted.annotation },
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'Other', token: planted.labelOfAlert },
      annotations: { summary: planted.annotation },
      startsAt: '2026-11-20T12:00:00Z',
      generatorURL: `http://prometheus/?token=${planted.annotation}`,
      fingerprint: 'c548df281c2b5d99',
    },
  ],
}

/** Asks whatever can be asked, with the token and without, rightly and wrongly; every answer with its headers. */
export async function askEverything(url: string, token: string): Promise<Answers> {
  const answers: Answers = {}
  async function ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<string> {
    const response = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    // Most of the answer names what was wrong with it; the number is there for people who read a failure.
    const key = `${Object.keys(answers).length} ${method} ${path.slice(0, 60)} ${response.status}`
    answers[key] = JSON.stringify([...response.headers]) + text
    return text
  }

  const good = bearer(token)
  const open = ['/metrics', '/healthz', '/readyz', '/api/health']
  const closed = ['/api/containers', '/api/runs', '/api/incidents', '/api/openapi.json']
  for (const path of [...open, ...closed, '/nowhere']) {
    for (const headers of [{}, good, bearer(planted.wrongToken)]) {
      await ask('GET', path, headers)
      await ask('GET', `${path}?token=${planted.query}`, headers)
    }
  }
  const { runs } = JSON.parse(await ask('GET', '/api/runs', good)) as { runs: Run[] }
  for (const { id } of runs) await ask('GET', `/api/runs/${id}`, good)
  await ask('GET', '/api/runs/none', good)
  await ask('GET', `/api/runs/${'0'.repeat(65)}`, good)
  await ask('GET', `/api/runs/${'0'.repeat(200)}?token=${planted.query}`, good)
  await ask('DELETE', '/api/runs', good)
  await ask('HEAD', '/metrics')
  const secret = { body: planted.body }
  for (const [headers, body] of [
    [json, JSON.stringify(foreign)],
    [json, JSON.stringify({ ...foreign, version: planted.body })],
    [json, JSON.stringify({ ...foreign, alerts: [{ ...foreign.alerts[0], status: planted.body }] })],
    [json, JSON.stringify(secret)],
    [json, planted.body],
    [json, `{"a": ${planted.body}}`],
    [{ 'content-type': 'text/plain' }, planted.body],
    [{ 'content-type': `application/${planted.body}` }, planted.body],
  ] as const) {
    await ask('POST', webhook, headers, body)
    await ask('POST', webhook, { ...good, ...headers }, body)
  }
  // The server may hang up before it has all of this, and then nothing comes back.
  const large = JSON.stringify({ ...secret, filling: ' '.repeat(9_000_000) })
  await ask('POST', webhook, { ...good, ...json }, large).catch(() => '')
  return { ...answers, ...(await talkNonsense(url, token)) }
}

/** What no client of HTTP would send, with the token in it. */
async function talkNonsense(url: string, token: string): Promise<Answers> {
  const header = `Authorization: Bearer ${token}\r\n`
  const answers: Answers = {}
  for (const [what, text] of Object.entries({
    'a broken header': `GET /api/runs HTTP/1.1\r\nHost: x\r\n${header}no header at all\r\n\r\n`,
    'headers without end': `GET /api/runs HTTP/1.1\r\nHost: x\r\n${header}X: ${'x'.repeat(20_000)}\r\n\r\n`,
    'a broken path': `GET /%zz?token=${planted.query} HTTP/1.1\r\nHost: x\r\n${header}\r\n`,
    'a broken method': `${planted.body} / HTTP/1.1\r\n${header}\r\n`,
    'two lengths': `POST ${webhook} HTTP/1.1\r\nHost: x\r\n${header}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    'a broken chunk': `POST ${webhook} HTTP/1.1\r\nHost: x\r\n${header}Transfer-Encoding: chunked\r\n\r\n${planted.body}`,
  })) {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      answer += part
    })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    // It may be refused before all of it was sent; what was answered counts.
    socket.on('error', () => {}).end(text)
    await closed
    answers[what] = answer
  }
  return answers
}
