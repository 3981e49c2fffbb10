import t from 'tap'
import { bearer, problemIn } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden, token } from '../support/simulated-pidwarden.ts'

const headers = bearer(token)

t.test('the newest runs, newest first', async (t) => {
  const { app, host, engine, addRun } = createPidwarden()
  t.same((await app.inject({ url: '/api/runs', headers })).json(), { runs: [] })
  const { container } = addGateway(host, engine)
  for (let i = 0; i < 105; i++) addRun(container)
  const { runs } = (await app.inject({ url: '/api/runs', headers })).json()
  t.equal(runs.length, 100)
  t.match(runs[0], { id: 'run-105', state: 'queued', name: 'metamcp' })
})

t.test('everything that happened in one', async (t) => {
  const { app, host, engine, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6)
  const { story } = await perform(container)
  const response = await app.inject({ url: `/api/runs/${story.id}`, headers })
  t.equal(response.statusCode, 200)
  t.same(response.json(), JSON.parse(JSON.stringify(story)))
  t.match(response.json(), {
    ending: { outcome: 'fixed', reason: 'cleared' },
    alert: 'PidwardenDuplicatesCritical',
    steps: [{ action: 'collect-evidence' }, { action: 'kill-orphans' }, { action: 'kill-duplicates' }],
  })
})

t.test('an unknown one', async (t) => {
  const { app } = createPidwarden()
  const { detail } = problemIn(t, await app.inject({ url: '/api/runs/nobody', headers }), 404)
  t.match(detail, /GET \/api\/runs/)
})
