import t from 'tap'
import { type Alert, alerts } from '../support/rules.ts'
import { file } from './shipped.ts'
import { withEach } from './tools.ts'

/** What the series of a container bring along. */
const joined = { id: 'aaa111', playbook: 'cleanup', name: 'metamcp', instance: 'host-a:3001' }

/** Who is told, by the label that decides. */
const people: Record<string, string> = {
  1: 'nobody',
  2: 'operations',
  3: 'engineering',
  4: 'everybody',
  5: 'on-call',
}

/** A playbook answers alerts about a tier; whatever is for people says for whom. */
const answered = ({ labels }: Alert): boolean => 'tier' in labels && !('level' in labels)

await withEach(t, 'amtool routes', async (t, { check }) => {
  const reaches = async (labels: Record<string, string>, receivers: string | undefined, what: string) => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`)
    const args = ['config', 'routes', 'test', `--config.file=${file}`, `--verify.receivers=${receivers}`]
    const said = await check(...args, ...pairs)
    t.equal(said.code, 0, `${what} reaches ${receivers}`, { said: said.output })
  }

  // The rule files record series as well.
  for (const alert of (await alerts()).filter((rule) => rule.alert !== undefined)) {
    const labels = { alertname: alert.alert, ...alert.labels }
    if (answered(alert)) await reaches({ ...labels, ...joined }, 'pidwarden', alert.alert)
    else await reaches(labels, usual(labels), alert.alert)
  }
  await reaches({ alertname: 'PidwardenWatchdog', level: '1' }, 'pidwarden,dead-mans-switch', 'the heartbeat')

  for (const [level, receiver] of Object.entries(people)) {
    for (const page of ['first', 'update']) {
      const labels = { alertname: 'PidwardenIncident', name: 'metamcp', instance: 'host-a:3001', page, level }
      await reaches(labels, receiver, `${page} page of level ${level}`)
    }
  }

  const { id, playbook, ...neither } = joined
  const tier = { alertname: 'PidwardenProcessesNuclear', tier: 'nuclear', ...neither }
  await reaches({ ...tier, id }, 'operations', 'an alert without a playbook')
  await reaches({ ...tier, playbook }, 'operations', 'an alert without an id')
  await reaches({ alertname: 'DiskFull', severity: 'critical' }, 'operations', 'a rule of somebody else')
  // A level may mean anything there: nothing of theirs is dropped for it.
  await reaches({ alertname: 'DiskFull', level: '1' }, 'operations', 'a rule of somebody else with a level')
  await reaches({ alertname: 'PidwardenNew', level: '6' }, 'operations', 'a level that does not exist')
})

function usual({ alertname, level }: { alertname: string; level?: string }): string | undefined {
  if (alertname === 'PidwardenWatchdog') return 'pidwarden,dead-mans-switch'
  return level === undefined ? 'operations' : people[level]
}
