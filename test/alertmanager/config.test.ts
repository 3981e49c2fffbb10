import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { acting, alerts } from '../support/rules.ts'
import { checker, root } from '../support/tools.ts'

const file = 'alertmanager/alertmanager.yml'
const config = parse(await readFile(join(root, file), 'utf8'))
const joined = { id: 'aaa111', playbook: 'cleanup', name: 'metamcp', instance: 'host-a:3001' }

t.test('amtool accepts the configuration', async (t) => {
  const amtool = await checker(t, 'amtool')
  if (!amtool) return
  const said = await amtool('check-config', file)
  t.equal(said.code, 0, said.output)
})

t.test('amtool routes', async (t) => {
  const amtool = await checker(t, 'amtool')
  if (!amtool) return
  const reaches = async (labels: Record<string, string>, receivers: string, what: string) => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`)
    const said = await amtool(
      'config',
      'routes',
      'test',
      `--config.file=${file}`,
      `--verify.receivers=${receivers}`,
      ...pairs,
    )
    t.equal(said.code, 0, `${what} reaches ${receivers}`, { said: said.output })
  }
  for (const alert of await alerts()) {
    const labels = { alertname: alert.alert, ...alert.labels, ...(acting(alert) ? joined : {}) }
    await reaches(labels, acting(alert) ? 'pidwarden,people' : 'people', alert.alert)
  }
  const { id, playbook, ...neither } = joined
  await reaches({ ...neither, id }, 'people', 'an alert without a playbook')
  await reaches({ ...neither, playbook }, 'people', 'an alert without an id')
})

t.test('the route to pidwarden keeps the agreed times', async (t) => {
  const route = config.route.routes.find(({ receiver }: { receiver: string }) => receiver === 'pidwarden')
  t.same(route, {
    receiver: 'pidwarden',
    matchers: ['playbook!=""', 'id!=""'],
    group_by: ['...'],
    group_wait: '1s',
    group_interval: '5s',
    repeat_interval: '1m',
    continue: true,
  })
})

t.test('the webhook carries everything, and the token', async (t) => {
  const receiver = config.receivers.find(({ name }: { name: string }) => name === 'pidwarden')
  t.same(receiver.webhook_configs, [
    {
      url: 'http://pidwarden:3001/webhooks/alertmanager',
      send_resolved: true,
      max_alerts: 0,
      http_config: { authorization: { credentials_file: '/run/pidwarden/token' } },
    },
  ])
})

t.test('a higher tier silences the lower ones of the same container, and of no other thing', async (t) => {
  const order = ['nuclear', 'emergency', 'critical', 'warning']
  const rules = config.inhibit_rules.slice(0, order.length - 1)
  for (const [index, rule] of rules.entries()) {
    t.same(rule.equal, ['instance', 'id'])
    t.same(rule.source_matchers, [`tier="${order[index]}"`, 'id!=""'])
    const lower = order.slice(index + 1)
    t.same(rule.target_matchers, [
      lower.length > 1 ? `tier=~"${lower.join('|')}"` : `tier="${lower[0]}"`,
      'id!=""',
    ])
  }
})

t.test('of what pidwarden tells of an incident, the latest speaks', async (t) => {
  const rules: { source_matchers: string[]; target_matchers: string[]; equal: string[] }[] =
    config.inhibit_rules.slice(3)
  for (const rule of rules) {
    for (const matchers of [rule.source_matchers, rule.target_matchers])
      t.equal(matchers[0], 'alertname="PidwardenIncident"')
  }
  const levels = rules
    .slice(0, 4)
    .map(({ source_matchers: source, target_matchers: target }) => [source[1], target[1]])
  t.same(levels, [
    ['level="5"', 'level=~"[1-4]"'],
    ['level="4"', 'level=~"[1-3]"'],
    ['level="3"', 'level=~"[12]"'],
    ['level="2"', 'level="1"'],
  ])
  t.match(rules[4], { source_matchers: [/./, 'acted="yes"'], target_matchers: [/./, 'acted="no"'] })
  t.ok(rules[4]?.equal.includes('level'), 'a level that nobody has heard of yet is not silenced')
})
