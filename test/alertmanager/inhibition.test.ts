import t from 'tap'
import { alerts } from '../support/rules.ts'
import { until } from '../support/until.ts'
import { startDaemon } from './daemon.ts'
import { config } from './shipped.ts'
import { withEach } from './tools.ts'

type Labels = Record<string, string>

/** An alert, what a reader calls it, and whether another one silences it. */
type Case = [what: string, labels: Labels, silent?: 'silent']

const instance = 'host-a:3001'
const tier = (tier: string, resource: string, id: string, more: Labels = {}): Labels => ({
  alertname: `Pidwarden-${resource}-${tier}`,
  instance,
  tier,
  resource,
  id,
  playbook: 'cleanup',
  ...more,
})
const incident = (name: string, level: number, page: string): Labels => ({
  alertname: 'PidwardenIncident',
  instance,
  name,
  level: String(level),
  page,
})
const atWork = (name: string): Labels => ({
  alertname: 'PidwardenRemediationInProgress',
  instance,
  name,
  level: '1',
})
const forPeople = { playbook: '', level: '3' }

const cases: readonly Case[] = [
  ['nuclear', tier('nuclear', 'processes', 'a')],
  ['emergency below nuclear', tier('emergency', 'memory', 'a'), 'silent'],
  ['critical below nuclear', tier('critical', 'duplicates', 'a'), 'silent'],
  ['warning below nuclear', tier('warning', 'cpu', 'a'), 'silent'],
  ['nuclear of another resource', tier('nuclear', 'pids', 'a')],
  ['warning of another container', tier('warning', 'processes', 'b')],
  ['the same id on another host', tier('warning', 'processes', 'a', { instance: 'host-b:3001' })],
  ['emergency', tier('emergency', 'processes', 'c')],
  ['critical below emergency', tier('critical', 'processes', 'c'), 'silent'],
  ['critical', tier('critical', 'processes', 'd')],
  ['warning below critical', tier('warning', 'processes', 'd'), 'silent'],

  ['for people, nuclear', tier('nuclear', 'remediation', 'e', forPeople)],
  ['what is acted on, below one for people', tier('critical', 'processes', 'e')],
  ['for people, warning, while it is acted on', tier('warning', 'memory', 'e', forPeople)],
  [
    'a prediction that has come',
    tier('warning', 'pids', 'e', { ...forPeople, alertname: 'PidwardenPidsLimitPredicted' }),
    'silent',
  ],
  [
    'a prediction about another container',
    tier('warning', 'pids', 'f', { ...forPeople, alertname: 'PidwardenPidsLimitPredicted' }),
  ],

  ['nuclear without id', tier('nuclear', 'processes', '')],
  ['warning without id', tier('warning', 'processes', '')],
  ['for people, without id', tier('warning', 'limits', '', forPeople)],

  ['level 1 below 5', incident('p', 1, 'first'), 'silent'],
  ['level 2 below 5', incident('p', 2, 'first'), 'silent'],
  ['level 3 below 5', incident('p', 3, 'update'), 'silent'],
  ['level 4 below 5', incident('p', 4, 'first'), 'silent'],
  ['level 5', incident('p', 5, 'first')],
  ['level 3 below 4', incident('w', 3, 'first'), 'silent'],
  ['level 4', incident('w', 4, 'first')],
  ['level 2 below 3', incident('x', 2, 'update'), 'silent'],
  ['level 3', incident('x', 3, 'first')],
  ['level 1 below 2', incident('y', 1, 'update'), 'silent'],
  ['level 2', incident('y', 2, 'first')],
  ['first of level 2', incident('q', 2, 'first'), 'silent'],
  ['update of level 2', incident('q', 2, 'update')],
  ['level 2 of another container', incident('r', 2, 'first')],

  ['run at work', atWork('s')],
  ['update of level 2 meanwhile', incident('s', 2, 'update'), 'silent'],
  ['first of level 3 meanwhile', incident('s', 3, 'first')],
  ['another run at work', atWork('u')],
  ['first of level 2 meanwhile', incident('u', 2, 'first')],
  ['update of another container', incident('v', 2, 'update')],
  ['the same name on another host', { ...incident('s', 2, 'update'), instance: 'host-b:3001' }],

  ['heartbeat', { alertname: 'PidwardenWatchdog', tier: 'normal', level: '1' }],
]

/** Of a host, the critical alert silences the warning about the same, and about nothing else. */
async function hostCases(): Promise<readonly Case[]> {
  const names = (await alerts()).map(({ alert }) => alert).filter((name) => name?.startsWith('PidwardenHost'))
  const warnings = names.filter((name) => name.endsWith('Warning'))
  return warnings.flatMap((alertname): Case[] => {
    const critical = alertname.replace(/Warning$/, 'Critical')
    const on = (host: string, labels: Labels): Labels => ({ ...labels, instance: host, resource: 'host' })
    return [
      [`${critical} of a host`, on(alertname, { alertname: critical })],
      [`${alertname} of the same host`, on(alertname, { alertname }), 'silent'],
      ...warnings
        .filter((other) => other !== alertname)
        .map((other): Case => [`${other} beside ${critical}`, on(alertname, { alertname: other })]),
      [`${alertname} of another host`, on('host-z', { alertname })],
    ]
  })
}

await withEach(t, 'a real Alertmanager silences what it should, and nothing else', async (t, release) => {
  const daemon = await startDaemon(t, release.alertmanager, config())
  const all = [...cases, ...(await hostCases())]
  await daemon.post(...all.map(([what, labels]) => ({ labels: { ...labels, what } })))
  // They are taken in one after the other: when what was posted last has its effect, all others have had theirs.
  await daemon.post(
    { labels: tier('critical', 'processes', 'last', { what: 'the last, critical' }) },
    { labels: tier('warning', 'processes', 'last', { what: 'the last, warning' }) },
  )
  const silent = async () =>
    (await daemon.alerts())
      .filter(({ status }) => status.inhibitedBy.length > 0)
      .map(({ labels }) => labels.what)
  await until('the last is silenced', async () => (await silent()).includes('the last, warning'), 20_000)

  const found = new Set(await silent())
  for (const [what, , expected] of all)
    t.equal(found.has(what), expected === 'silent', `${what}: ${expected ?? 'heard'}`)
  t.equal((await daemon.alerts()).length, all.length + 2, 'none was taken for another')
})
