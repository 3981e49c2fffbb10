import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { acting, alerts } from '../support/rules.ts'
import { root } from '../support/tools.ts'

type Payload = {
  version: string
  status: string
  receiver: string
  notification_reason?: string
  truncatedAlerts: number
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[]
}

const folder = join(root, 'test/fixtures/alertmanager')
const rules = (await alerts()).filter(acting)

for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json'))) {
  t.test(`${file} is what today's rules would send`, async (t) => {
    const payload: Payload = JSON.parse(await readFile(join(folder, file), 'utf8'))
    t.match(payload, { version: '4', truncatedAlerts: 0 })
    const reason = file.replace(/^[\d.]+-(people-)?/, '').replace('.json', '')
    // Alertmanager says the reason since 0.32.
    if (!file.startsWith('0.25')) t.equal(payload.notification_reason?.replaceAll(' ', '-'), reason)
    for (const { labels, annotations } of payload.alerts) {
      const rule = rules.find(({ alert }) => alert === labels.alertname)
      t.ok(rule, `${labels.alertname} still exists`)
      const joined = ['alertname', 'id', 'instance', 'job', 'name', 'playbook']
      t.same(Object.keys(labels).sort(), [...joined, ...Object.keys(rule?.labels ?? {})].sort())
      t.match(labels, rule?.labels ?? {})
      t.same(Object.keys(annotations).sort(), Object.keys(rule?.annotations ?? {}).sort())
    }
  })
}
