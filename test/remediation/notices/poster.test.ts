import { join } from 'node:path'
import t from 'tap'
import { emptyFolder } from '../../support/folder.ts'
import { usualAlertmanager } from '../../support/simulated-alertmanager.ts'
import { addGateway, type Gateway } from '../../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, type SimulatedPidwarden } from '../../support/simulated-pidwarden.ts'

type Setting = SimulatedPidwarden & Gateway

function setUp(options: Parameters<typeof createPidwarden>[0] = {}): Setting {
  const pidwarden = createPidwarden({ restrained: true, ...options })
  return { ...pidwarden, ...addGateway(pidwarden.host, pidwarden.engine) }
}

async function fire({ receive, clock, journal, container }: Setting): Promise<void> {
  receive(alertAbout(container, { job: 'pidwarden', instance: 'host-a:3001' }))
  await clock.until(() => journal.openRuns().length === 0)
}

/** The service's two loops, for so long. */
async function run({ clock, metrics, watch, poster }: Setting, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 2) {
    if (passed % 10 === 0) {
      await metrics.render()
      await clock.drive(watch.look())
    }
    await poster.post()
    clock.advance(2000)
  }
}

/** What was posted, as level/acted and whether it fires. */
function told({ alertmanager }: Setting, url = usualAlertmanager): string[] {
  return alertmanager.taken
    .filter((one) => one.url === url)
    .map(({ alert: { labels, annotations } }) => {
      const over = 'resolution' in annotations
      return `${labels.level} ${labels.acted === 'yes' ? 'acted' : 'opened'}${over ? ' over' : ''}`
    })
}

t.test('an incident is told when it opens and when something was done', async (t) => {
  const setting = setUp()
  setting.duplicate(6)
  setting.receive(alertAbout(setting.container, { job: 'pidwarden', instance: 'host-a:3001' }))
  await setting.poster.post()
  t.same(told(setting), ['1 opened'])
  await setting.clock.until(() => setting.journal.openRuns().length === 0)
  await setting.poster.post()
  t.same(told(setting), ['1 opened', '1 acted'])
  t.match(setting.alertmanager.taken.at(-1)?.alert.labels, {
    alertname: 'PidwardenIncident',
    name: 'metamcp',
    instance: 'host-a:3001',
    job: 'pidwarden',
    cluster: 'test',
    severity: 'warning',
  })
  t.notOk(
    'playbook' in (setting.alertmanager.taken[0]?.alert.labels ?? {}),
    'nothing that would come back as an order',
  )
})

t.test('it is repeated while it lasts, and resolved when it has recovered', async (t) => {
  const setting = setUp()
  setting.duplicate(6)
  await fire(setting)
  await run(setting, 300)
  t.equal(told(setting).filter((text) => text === '1 acted').length, 5, 'once a minute')
  await run(setting, 400)
  t.same(setting.journal.incidents.open(), [])
  const before = setting.alertmanager.calls
  t.match(told(setting).at(-1), '1 acted over')
  await run(setting, 120)
  t.equal(setting.alertmanager.calls, before, 'and that was all')
  t.match(setting.alertmanager.taken.at(-1)?.alert.annotations, {
    peak_processes: '23',
    resolution: 'leaked processes were ended',
    current_state: /5 processes/,
    prevention: /init: true/,
    restarted: 'no',
  })
})

t.test('whoever is called is called first, and hears a minute later what was done', async (t) => {
  const setting = setUp()
  await fire(setting)
  const { journal } = setting
  journal.incidents.raise(1, 2)
  const pages = () =>
    setting.alertmanager.taken.map(
      ({ alert: { labels } }) => `${labels.level} ${labels.acted} ${labels.page}`,
    )
  await run(setting, 4)
  t.same(pages(), ['1 no first', '2 no first'])
  journal.incidents.act(1)
  await run(setting, 50)
  t.notOk(pages().includes('2 yes update'), 'not before the call has gone out')
  await run(setting, 20)
  t.ok(pages().includes('2 yes update'))
  journal.incidents.raise(1, 3)
  await run(setting, 4)
  t.equal(pages().at(-1), '3 yes first', 'people of the next level are called at once, whatever was done')
})

t.test('a person is needed: level 5, with what was tried', async (t) => {
  const setting = setUp()
  await fire(setting)
  setting.journal.incidents.needPeople(1, 'restart did not help')
  await run(setting, 4)
  const { labels, annotations } = setting.alertmanager.taken.at(-1)?.alert ?? {}
  t.match(labels, { level: '5', severity: 'critical' })
  t.match(annotations, {
    summary: 'Container metamcp needs a person: restart did not help.',
    level: '5 (a person must act)',
    processes: /^5 \(limit/,
    trend: /./,
    actions_taken: /cleanup: skipped/,
    next_steps: /release/,
    duration: /s$/,
    dashboard_url:
      /^http:\/\/grafana.test\/d\/pidwarden-container\?var-job=pidwarden&var-instance=host-a%3A3001&var-name=metamcp$/,
    incident_url: '/api/incidents/1',
  })
})

t.test(
  'an Alertmanager that is away is told later; the others do not wait, nor does anything else',
  async (t) => {
    const setting = setUp()
    const other = 'http://other.test:9093'
    setting.alertmanagerUrls.push(other)
    setting.alertmanager.away.add(usualAlertmanager)
    setting.duplicate(6)
    await fire(setting)
    await run(setting, 60)
    t.same(
      setting.journal.recentRuns(1).map(({ ending }) => ending?.outcome),
      ['fixed'],
    )
    t.ok(told(setting, other).length >= 2)
    t.same(told(setting), [])
    t.match(setting.poster.trouble(), /ECONNREFUSED/)
    t.match(setting.logs.filter((line) => line.includes('did not take an alert')).length, 1, 'said once')
    const tries = setting.alertmanager.calls
    await run(setting, 60)
    t.ok(setting.alertmanager.calls - tries < 6, 'it is left alone for longer and longer')
    setting.alertmanager.away.clear()
    await run(setting, 62)
    t.same(new Set(told(setting)), new Set(['1 opened', '1 acted']))
    t.equal(setting.poster.trouble(), undefined)
  },
)

t.test('what ends while Alertmanager is away is told all the same, first that it was', async (t) => {
  const setting = setUp()
  setting.alertmanager.away.add(usualAlertmanager)
  setting.duplicate(6)
  await fire(setting)
  await run(setting, 700)
  t.same(setting.journal.incidents.open(), [])
  setting.alertmanager.away.clear()
  await run(setting, 180)
  const all = told(setting)
  t.same(
    all.filter((text) => text.startsWith('1 acted')),
    ['1 acted', '1 acted over'],
  )
  const [fired, resolved] = setting.alertmanager.taken.filter(({ alert }) => alert.labels.acted === 'yes')
  t.ok(
    Date.parse(fired?.alert.endsAt ?? '') > Date.parse(resolved?.alert.endsAt ?? ''),
    'it fired for a while',
  )
})

t.test('what was told is known after a restart', async (t) => {
  const journalPath = join(emptyFolder(t), 'journal.db')
  const first = setUp({ journalPath })
  first.duplicate(6)
  await fire(first)
  await run(first, 10)
  first.journal.close()
  const second = setUp({ journalPath })
  second.clock.advance(first.clock.now() - second.clock.now())
  await run(second, 20)
  t.same(told(second), [], 'it was told a moment ago')
  await run(second, 60)
  t.same(told(second), ['1 opened', '1 acted'])
  second.journal.close()
})

t.test('nothing is posted where there is no Alertmanager', async (t) => {
  const setting = setUp()
  setting.alertmanagerUrls.length = 0
  await fire(setting)
  await run(setting, 20)
  t.equal(setting.alertmanager.calls, 0)
})

t.test('after the clock was put back, an alert still begins before it ends', async (t) => {
  const setting = setUp()
  await fire(setting)
  const late = setting.clock.now() + 3_600_000
  setting.database.exec(`UPDATE notices SET since = ${late}; UPDATE incidents SET opened_at = ${late}`)
  await setting.poster.post()
  setting.journal.incidents.recover(1, 'by_itself')
  await run(setting, 120)
  t.ok(told(setting).includes('1 opened over'))
  for (const { alert } of setting.alertmanager.taken) t.ok(alert.startsAt <= alert.endsAt, alert.endsAt)
})

t.test('one alert that is refused does not hold up the others', async (t) => {
  const setting = setUp()
  const other = addGateway(setting.host, setting.engine, 'other')
  await fire(setting)
  setting.receive(alertAbout(other.container, {}, { fingerprint: 'b' }))
  setting.alertmanager.refuses = ({ labels }) => labels.name === 'metamcp'
  await run(setting, 4)
  t.same(
    setting.alertmanager.taken.map(({ alert }) => alert.labels.name),
    ['other'],
  )
  t.match(setting.poster.trouble(), /start time must be before end time/)
})

t.test('a second call for a person is a call of its own', async (t) => {
  const setting = setUp()
  await fire(setting)
  const { journal, clock } = setting
  const calls = () => setting.alertmanager.taken.filter(({ alert }) => alert.labels.level === '5')
  journal.incidents.needPeople(1, 'nothing helps')
  await run(setting, 4)
  t.equal(calls().length, 1)
  journal.release('metamcp')
  await run(setting, 400)
  t.equal(calls().length, 1, 'nobody is called while it is released: Alertmanager lets go of it by itself')
  t.ok(Date.parse(calls()[0]?.alert.endsAt ?? '') < clock.now())
  journal.incidents.needPeople(1, 'nothing helps still')
  await run(setting, 4)
  t.equal(calls().length, 2)
  t.ok((calls()[1]?.alert.startsAt ?? '') > (calls()[0]?.alert.endsAt ?? ''), 'it begins anew')
})

t.test('a release while Alertmanager is told takes nothing from the other notices', async (t) => {
  const setting = setUp()
  await fire(setting)
  setting.journal.incidents.needPeople(1, 'nothing helps')
  setting.alertmanager.refuses = () => {
    setting.journal.release('metamcp')
    return false
  }
  await setting.poster.post()
  const before = setting.alertmanager.calls
  await setting.poster.post()
  t.equal(setting.alertmanager.calls, before, 'what was told is known')
})

t.test('where pidwarden may only watch, people are told that it is up to them', async (t) => {
  const setting = setUp()
  const { container } = addGateway(setting.host, setting.engine, 'observed', { 'pidwarden.mode': 'observe' })
  setting.receive(alertAbout(container))
  await run(setting, 62)
  const { labels, annotations } = setting.alertmanager.taken.at(-1)?.alert ?? {}
  t.match(labels, { name: 'observed', level: '2', acted: 'no', page: 'first' })
  t.match(annotations, {
    next_steps: /^End the leak by hand: pidwarden only watches here.*pidwarden\.mode=enforce/,
    runbook_url: 'docs/runbooks/PidwardenIncident.md',
  })
})
