import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { download } from '../../lab/debian/download.ts'

const content = 'a package'
const sha256 = createHash('sha256').update(content).digest('hex')

t.test('downloads', async (t) => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const first = asked.filter((url) => url === request.url).length === 1
    if (request.url === '/absent') response.writeHead(404).end()
    else if (request.url === '/flaky' && first) response.writeHead(503).end()
    else if (request.url === '/cut' && first) {
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.slice(0, 3), () => response.destroy())
    } else response.end(content)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const folder = t.testdir()
  const path = join(folder, 'deep', 'file')
  const times = (url: string) => asked.filter((item) => item === url).length

  await download(`${base}/good`, path, sha256)
  t.equal(readFileSync(path, 'utf8'), content)

  await download(`${base}/flaky`, path, sha256)
  t.equal(times('/flaky'), 2, 'a passing fault is tried again')
  await download(`${base}/cut`, path, sha256)
  t.equal(times('/cut'), 2, 'so is a transfer that breaks off')

  await t.rejects(download(`${base}/absent`, path), { message: /\/absent failed .*answered 404/ })
  t.equal(times('/absent'), 1, 'what is not there is not')
  await t.rejects(download(`${base}/wrong`, path, '00'), { message: /has SHA256 .*the index says 00/ })
  t.equal(times('/wrong'), 1)
  t.equal(readFileSync(path, 'utf8'), content, 'a failure leaves the old file')
  t.strictSame(readdirSync(join(folder, 'deep')), ['file'], 'and no temporary one')
})
