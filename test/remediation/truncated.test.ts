import t from 'tap'
import { bearer } from '../support/problem.ts'
import { usualAlertmanager } from '../support/simulated-alertmanager.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, token } from '../support/simulated-pidwarden.ts'

function setUp() {
  const pidwarden = createPidwarden()
  const { host, engine, app } = pidwarden
  const [here, cut] = [addGateway(host, engine), addGateway(host, engine, 'cut')]
  const came = alertAbout(here.container, {}, { fingerprint: 'a' })
  const { labels, startsAt } = alertAbout(cut.container, {}, { startsAt: '2026-11-20T12:00:00.000Z' })
  const post = async (truncatedAlerts: number) => {
    const response = await app.inject({
      method: 'POST',
      url: '/webhooks/alertmanager',
      headers: bearer(token),
      payload: { version: '4', status: 'firing', receiver: 'pid\\.warden', alerts: [came], truncatedAlerts },
    })
    t.equal(response.statusCode, 202)
    return response.json().alerts
  }
  return { ...pidwarden, came, rest: { labels, startsAt, fingerprint: 'b' }, post, cut }
}

t.test('what a notification came without is read from Alertmanager', async (t) => {
  const { alertmanager, came, rest, post, journal, metrics } = setUp()
  alertmanager.active.set('pid\\.warden', [{ ...rest, fingerprint: came.fingerprint }, rest])
  t.match(await post(1), [
    { fingerprint: 'a', verdict: 'queued' },
    { fingerprint: 'b', verdict: 'queued' },
  ])
  t.same(
    journal.recentRuns(2).map(({ name }) => name),
    ['cut', 'metamcp'],
  )
  t.match(String(await metrics.render()), 'pidwarden_truncated_notifications_total{completed="yes"} 1')
})

t.test('the same alert by API and by webhook is one episode', async (t) => {
  const { alertmanager, rest, post, cut, receive, journal } = setUp()
  alertmanager.active.set('pid\\.warden', [rest])
  await post(1)
  receive(alertAbout(cut.container, {}, { fingerprint: 'b', startsAt: '2026-11-20T12:00:00Z' }))
  const episodes = journal.recentRuns(10).filter(({ name }) => name === 'cut')
  t.equal(new Set(episodes.map(({ episodeId }) => episodeId)).size, 1)
})

t.test('all of a cluster are asked; where none answers, what came is taken all the same', async (t) => {
  const { alertmanager, alertmanagerUrls, rest, post, metrics, logs } = setUp()
  alertmanagerUrls.push('http://other.test')
  alertmanager.away.add(usualAlertmanager)
  alertmanager.active.set('pid\\.warden', [rest])
  t.equal((await post(1)).length, 2)
  alertmanager.away.add('http://other.test')
  t.equal((await post(1)).length, 1)
  t.match(String(await metrics.render()), 'pidwarden_truncated_notifications_total{completed="no"} 1')
  t.ok(logs.some((line) => line.includes('ECONNREFUSED') && line.includes('max_alerts: 0')))
  alertmanagerUrls.length = 0
  t.equal((await post(1)).length, 1)
})

t.test('nobody is asked where nothing was cut', async (t) => {
  const { alertmanager, post } = setUp()
  await post(0)
  t.equal(alertmanager.calls, 0)
})
