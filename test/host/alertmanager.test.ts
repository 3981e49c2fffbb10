import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  type AlertmanagerSettings,
  createAlertmanager,
  type PostedAlert,
} from '../../src/host/alertmanager.ts'
import { emptyFolder } from '../support/folder.ts'
import { freePort } from '../support/ports.ts'

const alert: PostedAlert = {
  labels: { alertname: 'PidwardenIncident' },
  annotations: {},
  startsAt: '2026-11-20T12:00:00.000Z',
  endsAt: '2026-11-20T12:05:00.000Z',
}

/** Something that answers as `respond` does. */
async function serve(
  t: Test,
  respond: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    respond(request, response, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  t.teardown(() => server.closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('what cannot be handed over says what was tried, and what came back', async (t) => {
  const alertmanager = createAlertmanager(() => ({ urls: [], labels: {}, authorization: 'Bearer' }))
  const refusing = await serve(t, (_, response) => response.writeHead(400).end('{"code":602}'))
  await t.rejects(alertmanager.post(refusing, [alert]), {
    name: 'AlertmanagerError',
    message: `POST ${refusing}/api/v2/alerts: answered 400: {"code":602}`,
  })
  await t.rejects(alertmanager.post(`http://127.0.0.1:${await freePort()}`, [alert]), {
    message: /^POST http:\/\/127\.0\.0\.1:\d+\/api\/v2\/alerts: .*ECONNREFUSED/,
  })
  const strange = await serve(t, (_, response) => response.end('<html>'))
  await t.rejects(alertmanager.firing(strange, 'pidwarden'), { message: /the answer is no list of alerts/ })
})

t.test('it comes with credentials, read anew each time, and they are not told', async (t) => {
  const file = join(emptyFolder(t), 'credentials')
  const seen: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    seen.push(request.headers.authorization)
    response.writeHead(401).end('no')
  })
  const alertmanager = createAlertmanager(() => ({
    urls: [url],
    labels: {},
    authorization: 'Basic',
    credentialsFile: file,
  }))
  await t.rejects(alertmanager.post(url, [alert]), { message: /credentialsFile .*could not be read/ })
  for (const secret of ['first-secret', 'second-secret']) {
    writeFileSync(file, `${secret}\n`)
    const error: unknown = await alertmanager.post(url, [alert]).catch((reason: unknown) => reason)
    t.notMatch(String(error), secret)
  }
  t.same(seen, ['Basic first-secret', 'Basic second-secret'])
})

t.test('a path before the API, and a slash at the end', async (t) => {
  const paths: (string | undefined)[] = []
  const url = await serve(t, (request, response) => {
    paths.push(request.url)
    response.end('[]')
  })
  const alertmanager = createAlertmanager(() => ({ urls: [], labels: {}, authorization: 'Bearer' }))
  await alertmanager.post(`${url}/am/`, [alert])
  t.same(await alertmanager.firing(`${url}/am`, 'a\\.b'), [])
  t.same(paths, [
    '/am/api/v2/alerts',
    '/am/api/v2/alerts?active=true&silenced=false&inhibited=false&receiver=a%5C.b',
  ])
})

t.test('who sends it elsewhere has not taken it', async (t) => {
  let asked = 0
  const login = await serve(t, (_, response) => {
    asked++
    response.end('please log in')
  })
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serve(t, (_, response) => response.writeHead(status, { location: login }).end())
    const alertmanager = createAlertmanager(() => ({ urls: [], labels: {}, authorization: 'Bearer' }))
    await t.rejects(alertmanager.post(url, [alert]), { name: 'AlertmanagerError' }, String(status))
  }
  t.equal(asked, 0)
})

t.test('credentials that are no credentials are refused without a word of them', async (t) => {
  const file = join(emptyFolder(t), 'credentials')
  const settings: AlertmanagerSettings = {
    urls: [],
    labels: {},
    authorization: 'Bearer',
    credentialsFile: file,
  }
  for (const content of ['s3cret\n# rotated in May', 's3cret token', 's3crét', '']) {
    writeFileSync(file, content)
    const error: unknown = await createAlertmanager(() => settings)
      .post('http://127.0.0.1:9', [alert])
      .catch((reason: unknown) => reason)
    t.match(error, { name: 'AlertmanagerError', message: /must hold one line/ })
    t.notMatch(String(error), 's3cr')
  }
})
