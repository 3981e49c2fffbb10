import t, { type Test } from 'tap'
import { over, render, ruled, type TemplateAlert, told } from './message.ts'
import { type Release, withEach } from './tools.ts'

/** What a reader of each kind of message sees of it. */
const seen: Readonly<Record<string, (message: string) => string>> = {
  'pidwarden.text': (message) => message,
  'pidwarden.html': (message) =>
    message
      .replaceAll(/<\/th><td>/g, ': ')
      .replaceAll(/<a href="([^"]*)">(\w+)<\/a>/g, '$2: $1')
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&'),
  'pidwarden.slack.text': (message) =>
    message
      .replaceAll(/\*(.*?:)\*/g, '$1')
      .replaceAll(/\*(\w+)\* /g, '$1: ')
      .replaceAll(/<([^|>]*)\|(\w+)>/g, '$2: $1')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&'),
}

/** The message in every kind, as it is read. */
async function read(t: Test, release: Release, ...alerts: TemplateAlert[]): Promise<[string, string][]> {
  const all: [string, string][] = []
  for (const [template, reading] of Object.entries(seen))
    all.push([template, reading(await render(t, release, template, alerts))])
  return all
}

const links = [
  'Dashboard: http://127.0.0.1:3000/d/pidwarden-container?var-job=pidwarden&var-instance=host-a%3A3001&var-name=metamcp',
  'Incident: http://127.0.0.1:3001/api/incidents/7',
  'Runbook: docs/runbooks/PidwardenIncident.md',
]

await withEach(t, 'an incident says all that people need', async (t, release) => {
  const alert = told()
  for (const [kind, message] of await read(t, release, alert)) {
    for (const line of [
      'Container: metamcp on host-a:3001',
      'Level: 3 (engineering)',
      'Alert: PidwardenProcessesNuclear',
      'Processes: 131 (limit 300 PIDs)',
      'Memory: 2.0 GiB (limit 4.0 GiB)',
      'Duration: 12 min',
      'Trend: growing',
      'Actions Taken: cleanup: ineffective (still_above) × 2; 12 signals sent, restarted 1 times',
      'Container Restarted: yes',
      'Next Steps: ',
      ...links,
    ])
      t.ok(message.includes(line), `${kind}: ${line}`, { message })
    t.match(message, /FIRING:? Container metamcp is at its nuclear tier for processes\./, kind)
    t.notMatch(message, /not told|RESOLVED/, kind)
    everythingOf(t, alert, message, kind)
  }
  t.equal(
    await render(t, release, 'pidwarden.subject', [alert]),
    '[FIRING:1] Level 3: Container metamcp is at its nuclear tier for processes. (host-a:3001)',
  )
})

await withEach(t, 'its end says what became of it', async (t, release) => {
  const alert = told({ incident: over })
  for (const [kind, message] of await read(t, release, alert)) {
    for (const line of [
      'Duration: 25 min',
      'Peak Processes: 231',
      'Peak Memory: 6.0 GiB',
      'Resolution: the container was restarted',
      'Current State: 131 processes, growing',
      'Prevention: make the application wait for its children',
      'Next Steps: Check again in an hour, a day and a week.',
      ...links,
    ])
      t.ok(message.includes(line), `${kind}: ${line}`, { message })
    t.match(message, /RESOLVED:? Container metamcp/, kind)
    t.notMatch(message, /not told|FIRING/, kind)
  }
  t.match(await render(t, release, 'pidwarden.subject', [alert]), /^\[RESOLVED\] Level 3: Container metamcp/)
})

await withEach(t, 'an alert of a rule says what the rule says', async (t, release) => {
  const alert = ruled(
    { alertname: 'PidwardenMemoryLeak', name: 'metamcp', instance: 'host-a:3001', level: '2' },
    {
      summary: 'The memory of a container has grown for an hour.',
      description: 'At this pace its limit is hit in 3h.\nTwo lines.',
      value: '3h',
      runbook_url: 'docs/runbooks/PidwardenMemoryLeak.md',
      dashboard_url: '/d/pidwarden-container?var-name=metamcp&from=now-3h',
    },
  )
  const both = [alert, { ...alert, status: 'resolved', labels: { ...alert.labels, name: 'other' } } as const]
  for (const [kind, message] of await read(t, release, ...both)) {
    for (const line of [
      'At this pace its limit is hit in 3h.\nTwo lines.',
      'Value: 3h',
      'Labels: alertname=PidwardenMemoryLeak, instance=host-a:3001, level=2, name=metamcp',
      'Since: 2025-03-04 05:06:07 UTC',
      'Dashboard: http://127.0.0.1:3000/d/pidwarden-container?var-name=metamcp&from=now-3h',
      'Runbook: docs/runbooks/PidwardenMemoryLeak.md',
      'Query: http://prometheus.example.org/graph?g0.expr=up+%3E+1&g0.tab=1',
      'name=other',
      'Until: 2025-03-04 06:07:08 UTC',
    ])
      t.ok(message.includes(line), `${kind}: ${line}`, { message })
    t.ok(message.indexOf('RESOLVED') > message.indexOf('FIRING'), `${kind}: what fires comes first`)
  }
  t.match(await render(t, release, 'pidwarden.subject', both), /^\[FIRING:1, RESOLVED\] Level 2: The memory/)
})

await withEach(t, 'an incident that is over is told of once', async (t, release) => {
  const end = (id: number, update: boolean) => told({ incident: { ...over, id }, notice: { update } })
  const group = [end(7, false), end(7, true), end(8, false), ruled({ alertname: 'Other' }, {}, 'resolved')]
  for (const [kind, message] of await read(t, release, ...group)) {
    t.equal(message.split('RESOLVED').length - 1, kind === 'pidwarden.html' ? 4 : 3, kind)
    t.equal(message.split('/api/incidents/7').length - 1, 1, kind)
    t.equal(message.split('/api/incidents/8').length - 1, 1, kind)
  }
})

/** Whatever pidwarden says of an incident is in the message: an annotation with a new name would be missing. */
function everythingOf(t: Test, { annotations }: TemplateAlert, message: string, kind: string): void {
  for (const [name, value] of Object.entries(annotations))
    t.ok(message.includes(value), `${kind}: ${name}`, { value, message })
}
