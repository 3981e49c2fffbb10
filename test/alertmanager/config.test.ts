import t from 'tap'
import { config, file, type Route } from './shipped.ts'
import { withEach } from './tools.ts'

const { route, receivers, inhibit_rules: rules } = config()

await withEach(t, 'amtool accepts the configuration', async (t, { check }) => {
  const said = await check('check-config', file)
  t.equal(said.code, 0, said.output)
})

t.test('the route to pidwarden keeps the agreed times', async (t) => {
  t.same(route.routes?.[0], {
    receiver: 'pidwarden',
    matchers: ['playbook!=""', 'id!=""'],
    group_by: ['...'],
    group_wait: '1s',
    group_interval: '5s',
    repeat_interval: '1m',
    continue: false,
  })
})

t.test('the webhook carries everything, and the token', async (t) => {
  const receiver = receivers.find(({ name }) => name === 'pidwarden')
  t.same(receiver?.webhook_configs, [
    {
      url: 'http://pidwarden:3001/webhooks/alertmanager',
      send_resolved: true,
      max_alerts: 0,
      http_config: { authorization: { credentials_file: '/run/pidwarden/token' } },
    },
  ])
})

t.test('nobody is told until somebody is written down, and then somebody is', async (t) => {
  const empty = receivers.filter((receiver) => Object.keys(receiver).length === 1).map(({ name }) => name)
  t.same(empty, ['operations', 'engineering', 'everybody', 'on-call', 'dead-mans-switch', 'nobody'])
})

t.test('a first page is out before its update can silence it', async (t) => {
  for (const one of levels()) {
    // An update comes after a minute at the earliest; half of it is left for what takes long.
    t.ok(seconds(one.group_wait) <= 30, `${one.receiver} waits ${one.group_wait}`)
    t.ok(seconds(one.group_interval) <= 30, `${one.receiver} waits ${one.group_interval} in a group`)
  }
})

t.test('the graver, the sooner and the oftener', async (t) => {
  const all = levels()
  t.same(
    all.map(({ receiver }) => receiver),
    ['operations', 'engineering', 'everybody', 'on-call'],
  )
  for (const [at, one] of all.entries()) {
    const graver = all[at + 1]
    if (graver === undefined) continue
    t.ok(seconds(graver.group_wait) <= seconds(one.group_wait), `${graver.receiver} hears no later`)
    t.ok(seconds(graver.repeat_interval) < seconds(one.repeat_interval), `${graver.receiver} hears oftener`)
  }
})

t.test('the heartbeat comes each minute, not every other one', async (t) => {
  const beat = route.routes?.find(({ matchers }) => matchers?.[0]?.includes('Watchdog'))
  t.equal(beat?.repeat_interval, '1m')
  t.ok(seconds(beat?.group_interval) <= 10, 'a repeat goes out with the first flush after the minute')
})

t.test('what silences by its tier is answered by a playbook, and about one container', async (t) => {
  const tiers = rules.filter(({ source_matchers: [first = ''] }) => first.startsWith('tier'))
  t.equal(tiers.length, 4)
  for (const { source_matchers: source, target_matchers: target, equal } of tiers) {
    t.same(source.slice(1), ['playbook!=""', 'id!=""'])
    if (target[0]?.startsWith('tier')) t.same(target.slice(1), ['playbook!=""', 'id!=""'])
    else t.match(target, [/^alertname=~"Pidwarden\(.*Predicted/])
    t.same(equal, ['instance', 'id'])
  }
})

/** The routes of the levels that people hear of, with the times that they inherit. */
function levels(): Route[] {
  const found = (route.routes ?? []).filter(({ matchers: [only = ''] = [] }) => /^level="[2-5]"$/.test(only))
  return found.map((one) => ({ ...route, ...one }))
}

function seconds(duration = ''): number {
  const units: Record<string, number> = { s: 1, m: 60, h: 3600 }
  const parts = [...duration.matchAll(/(\d+)([smh])/g)]
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? Number.NaN), 0)
}
