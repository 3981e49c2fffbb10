import t from 'tap'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

t.test('the scrape', async (t) => {
  const { app, host, engine } = createPidwarden()
  addGateway(host, engine)
  const response = await app.inject('/metrics')
  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  t.match(response.body, 'pidwarden_container_processes{name="metamcp"} 5\n')
  t.ok(response.body.endsWith('\n'), 'Prometheus wants the last line ended')
})
