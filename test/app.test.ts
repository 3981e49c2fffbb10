import t from 'tap'
import { bearer } from './support/problem.ts'
import { addGateway } from './support/simulated-gateway.ts'
import { alertAbout, createPidwarden, token } from './support/simulated-pidwarden.ts'

t.test('buildApp does not listen', async (t) => {
  const { app } = createPidwarden()
  await app.ready()
  t.equal(app.server.listening, false)
  await app.close()
})

t.test('from the notification to the scrape that shows it healed', async (t) => {
  const { app, host, engine, clock, runner } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(12)
  const before = (await app.inject('/metrics')).body
  t.match(before, 'pidwarden_container_duplicates{name="metamcp",command="node mcp-memory"} 12\n')
  const response = await app.inject({
    method: 'POST',
    url: '/webhooks/alertmanager',
    headers: bearer(token),
    payload: { version: '4', status: 'firing', alerts: [alertAbout(container)] },
  })
  const [{ runId }] = response.json().alerts
  t.match((await app.inject('/metrics')).body, 'pidwarden_remediation_in_progress{name="metamcp"} 1\n')
  await clock.until(() => runner.inProgress().length === 0)
  const after = (await app.inject('/metrics')).body
  t.match(after, 'pidwarden_container_duplicates{name="metamcp",command="node mcp-memory"} 0\n')
  t.match(after, 'pidwarden_runs_total{playbook="cleanup",outcome="fixed",reason="cleared"} 1\n')
  t.match(after, 'pidwarden_signals_total{signal="SIGTERM"} 36\n')
  t.notMatch(after, 'remediation_in_progress{')
  const story = await app.inject({ url: `/api/runs/${runId}`, headers: bearer(token) })
  t.match(story.json(), {
    ending: { outcome: 'fixed' },
    before: { duplicates: 12 },
    after: { duplicates: 0 },
  })
})

t.test('a line for every scrape would tell nothing', async (t) => {
  const { app, logs } = createPidwarden()
  for (const url of ['/metrics', '/healthz', '/readyz']) await app.inject(url)
  t.same(logs, [])
})
