/** Notifications as Alertmanager hands them to templates, made of the alerts that pidwarden really posts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { PostedAlert } from '../../src/host/alertmanager.ts'
import type { Notice } from '../../src/journal/notices.ts'
import type { Incident } from '../../src/journal/records.ts'
import { alertOf } from '../../src/remediation/notices/alert.ts'
import { emptyFolder } from '../support/folder.ts'
import { templates } from './shipped.ts'
import type { Release } from './tools.ts'

/** An alert in a notification. */
export interface TemplateAlert extends PostedAlert {
  readonly status: 'firing' | 'resolved'
  readonly generatorURL: string
}

/** What a test changes of the incident and of the notice about it. */
export interface Told {
  readonly incident?: Partial<Incident>
  readonly notice?: Partial<Notice>
}

const openedAt = Date.parse('2025-03-04T05:06:07Z')
const minutes = 60_000

const incident: Incident = {
  id: 7,
  name: 'metamcp',
  containerId: 'aaa111',
  alert: 'PidwardenProcessesNuclear',
  resource: 'processes',
  tier: 'nuclear',
  labels: { job: 'pidwarden', instance: 'host-a:3001' },
  level: 3,
  peaks: { processes: 231, memory: 6 * 1024 ** 3 },
  openedAt,
}

/** What becomes of it: the same in every test. */
export const over: Partial<Incident> = { recoveredAt: openedAt + 25 * minutes, resolution: 'restarted' }

/** The alert about an incident, twelve minutes after it began, or as it is when the incident is over. */
export function told({ incident: changed = {}, notice = {} }: Told = {}): TemplateAlert {
  const about = { ...incident, ...changed }
  const posted = alertOf(
    { id: 1, incident: about, level: about.level, acted: false, update: false, since: openedAt, ...notice },
    {
      standing: {
        trend: 'growing',
        waitsFor: 'processes are above a tier',
        measurement: { processes: 131, duplicates: 90, orphans: 3, memory: 2 * 1024 ** 3 },
        limits: { pids: 300, memory: 4 * 1024 ** 3 },
      },
      deeds: { signals: 12, restarts: 1, unhelpful: 1, ordered: 0 },
      endings: [{ playbook: 'cleanup', outcome: 'ineffective', reason: 'still_above', count: 2 }],
      links: { dashboard: '', pidwarden: '' },
      labels: {},
    },
    openedAt + 12 * minutes,
  )
  return { ...posted, status: about.recoveredAt === undefined ? 'firing' : 'resolved', generatorURL: '' }
}

/** An alert that a rule made. */
export function ruled(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
  status: TemplateAlert['status'] = 'firing',
): TemplateAlert {
  const [startsAt, endsAt] = ['2025-03-04T05:06:07Z', '2025-03-04T06:07:08Z']
  const generatorURL = 'http://prometheus.example.org/graph?g0.expr=up+%3E+1&g0.tab=1'
  return { labels, annotations, status, startsAt, endsAt, generatorURL }
}

/** Renders one of the shipped templates as the receivers use it. */
export async function render(
  t: Test,
  { check }: Release,
  template: string,
  alerts: readonly TemplateAlert[],
): Promise<string> {
  const data = join(emptyFolder(t), 'data.json')
  writeFileSync(data, JSON.stringify(notification(alerts)))
  const { code, output } = await check(
    'template',
    'render',
    `--template.glob=${templates}`,
    `--template.type=${template === 'pidwarden.html' ? 'html' : 'text'}`,
    `--template.text={{ template "${template}" . }}`,
    `--template.data=${data}`,
  )
  if (code !== 0) throw new Error(`${template}: ${output}`)
  return output
}

function notification(alerts: readonly TemplateAlert[]): object {
  const common = (of: (alert: TemplateAlert) => Readonly<Record<string, string>>) => {
    const [first, ...others] = alerts.map(of)
    return Object.fromEntries(
      Object.entries(first ?? {}).filter(([name, value]) => others.every((one) => one[name] === value)),
    )
  }
  const commonLabels = common(({ labels }) => labels)
  const { instance, name } = commonLabels
  return {
    receiver: 'operations',
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts,
    groupLabels: { instance, name },
    commonLabels,
    commonAnnotations: common(({ annotations }) => annotations),
    externalURL: 'http://alertmanager.example.org',
  }
}
