import t from 'tap'
import { type Hook, startHook } from '../support/hook.ts'
import { until } from '../support/until.ts'
import { startDaemon } from './daemon.ts'
import { deliveringTo } from './shipped.ts'
import { withEach } from './tools.ts'

type Labels = Readonly<Record<string, string>>

const instance = 'host-a:3001'
const incident = (name: string, level: number, page: string): Labels => ({
  alertname: 'PidwardenIncident',
  instance,
  name,
  level: String(level),
  page,
})

/** How often the receiver was told that it fires. */
const fired = (hook: Hook, receiver: string, wanted: Labels): number =>
  hook
    .got(`/${receiver}`)
    .flatMap(({ alerts }) => alerts)
    .filter(({ status, labels }) => status === 'firing' && matches(labels, wanted)).length

const matches = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([label, value]) => labels[label] === value)

await withEach(t, 'a call is never delayed, what follows waits for the run', async (t, release) => {
  const hook = await startHook(t)
  const daemon = await startDaemon(t, release.alertmanager, deliveringTo(hook.url))
  const tells = (receiver: string, labels: Labels) =>
    until(`${receiver} hears ${JSON.stringify(labels)}`, () => fired(hook, receiver, labels) > 0, 20_000)
  const post = (...all: readonly Labels[]) => daemon.post(...all.map((labels) => ({ labels })))

  const atWork = { alertname: 'PidwardenRemediationInProgress', instance, name: 'healed', level: '1' }
  await post(atWork, incident('healed', 2, 'first'), incident('other', 2, 'first'))
  await tells('operations', incident('healed', 2, 'first'))
  await tells('operations', incident('other', 2, 'first'))

  await post(incident('healed', 2, 'update'), incident('other', 2, 'update'))
  await tells('operations', incident('other', 2, 'update'))
  // Another round of the group intervals, which are the same for both containers.
  await post(incident('other', 3, 'first'), incident('healed', 3, 'first'))
  await tells('engineering', incident('other', 3, 'first'))
  await tells('engineering', incident('healed', 3, 'first'))
  t.equal(fired(hook, 'operations', incident('healed', 2, 'update')), 0, 'a run is at work')

  // What rose to engineering is their business; an update of theirs comes when the run is over.
  await post(incident('healed', 3, 'update'), incident('other', 3, 'update'))
  await tells('engineering', incident('other', 3, 'update'))
  t.equal(fired(hook, 'engineering', incident('healed', 3, 'update')), 0, 'a run is at work')
  await daemon.post({ labels: atWork, endsAt: new Date().toISOString() })
  await tells('engineering', incident('healed', 3, 'update'))
  for (const { alerts } of hook.got('/engineering'))
    t.equal(alerts.filter(({ status }) => status === 'firing').length, 1, 'the latest speaks alone')
})

await withEach(t, 'every message goes to those whom it is for, and to nobody else', async (t, release) => {
  const hook = await startHook(t)
  const daemon = await startDaemon(t, release.alertmanager, deliveringTo(hook.url))
  const tier = { alertname: 'PidwardenProcessesNuclear', instance, name: 'leaky', id: 'a', tier: 'nuclear' }
  const messages: Record<string, Labels> = {
    pidwarden: { ...tier, playbook: 'restart' },
    operations: { alertname: 'PidwardenOomKilled', instance, name: 'leaky', level: '2' },
    engineering: { alertname: 'PidwardenDown', instance, level: '3' },
    everybody: { alertname: 'PidwardenHostMemoryCritical', instance, level: '4' },
    'on-call': { alertname: 'PidwardenManualInterventionRequired', instance, name: 'leaky', level: '5' },
  }
  const heartbeat = { alertname: 'PidwardenWatchdog', level: '1' }
  const quiet = { alertname: 'PidwardenRemediationInProgress', instance, name: 'leaky', level: '1' }
  const all = [heartbeat, quiet, ...Object.values(messages)]
  await daemon.post(...all.map((labels) => ({ labels })))
  for (const [receiver, labels] of Object.entries(messages))
    await until(`${receiver} hears it`, () => fired(hook, receiver, labels) > 0, 20_000)
  for (const receiver of ['pidwarden', 'dead-mans-switch'])
    await until(`${receiver} hears the heartbeat again`, () => fired(hook, receiver, heartbeat) > 2, 20_000)

  for (const [receiver, own] of Object.entries(messages)) {
    const heard = hook
      .got(`/${receiver}`)
      .flatMap(({ alerts }) => alerts.map(({ labels }) => labels.alertname))
    const expected = receiver === 'pidwarden' ? [heartbeat.alertname, own.alertname] : [own.alertname]
    t.same([...new Set(heard)].sort(), [...expected].sort(), receiver)
  }

  // A dead man's switch takes whatever comes for a sign of life.
  await daemon.post({ labels: heartbeat, endsAt: new Date().toISOString() })
  const over = () => hook.got('/pidwarden').some(({ status, alerts }) => status === 'resolved' && alerts[0])
  await until('pidwarden hears that it is over', over, 20_000)
  t.notOk(hook.got('/dead-mans-switch').some(({ status }) => status === 'resolved'))
})
