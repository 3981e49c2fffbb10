import t from 'tap'
import { bearer, problemIn } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, token } from '../support/simulated-pidwarden.ts'

const headers = bearer(token)

function setUp() {
  const pidwarden = createPidwarden()
  const gateway = addGateway(pidwarden.host, pidwarden.engine)
  const get = async (url: string) => pidwarden.app.inject({ url, headers })
  return { ...pidwarden, ...gateway, get }
}

t.test('the newest incidents, newest first, all or those of a container', async (t) => {
  const { host, engine, container, receive, get, clock, journal } = setUp()
  t.same((await get('/api/incidents')).json(), { incidents: [] })
  const other = addGateway(host, engine, 'other')
  receive(
    alertAbout(container, {}, { fingerprint: 'a' }),
    alertAbout(other.container, {}, { fingerprint: 'b' }),
  )
  await clock.until(() => journal.openRuns().length === 0)
  const names = async (url: string) =>
    (await get(url)).json().incidents.map(({ name }: { name: string }) => name)
  t.same(await names('/api/incidents'), ['other', 'metamcp'])
  t.same(await names('/api/incidents?limit=1'), ['other'])
  t.same(await names('/api/incidents?name=metamcp'), ['metamcp'])
  problemIn(t, await get('/api/incidents?limit=0'), 400)
})

t.test('one with everything that happened in it', async (t) => {
  const { container, duplicate, receive, get, clock, journal, watch } = setUp()
  duplicate(6)
  receive(alertAbout(container))
  await clock.until(() => journal.openRuns().length === 0)
  await clock.drive(watch.look())
  const incident = (await get('/api/incidents/1')).json()
  t.match(incident, {
    id: 1,
    name: 'metamcp',
    tier: 'critical',
    level: 1,
    peaks: { duplicates: 6 },
    standing: { waitsFor: /Prometheus/, measurement: { duplicates: 0 } },
    deeds: { signals: 18, restarts: 0, unhelpful: 0, ordered: 0 },
    runs: [{ playbook: 'cleanup', ending: { outcome: 'fixed' } }],
  })
  t.ok(incident.runs[0].steps[2].effects.length > 0, 'down to each signal')
  journal.incidents.recover(1, 'cleaned_up')
  const over = (await get('/api/incidents/1')).json()
  t.match(over, { resolution: 'cleaned_up' })
  t.notOk('standing' in over)
})

t.test('an unknown one', async (t) => {
  const { get } = setUp()
  const { detail } = problemIn(t, await get('/api/incidents/1'), 404)
  t.match(detail, /GET \/api\/incidents/)
  problemIn(t, await get('/api/incidents/one'), 400)
})
