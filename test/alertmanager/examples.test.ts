import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { emptyFolder } from '../support/folder.ts'
import { render, told } from './message.ts'
import { edited, examples, text, withExample } from './shipped.ts'
import { withEach } from './tools.ts'

const people = ['email_configs', 'slack_configs', 'webhook_configs']

t.test('one place is to be edited, and it has everybody with examples', async (t) => {
  t.equal(text.split('EDIT HERE').length, 2)
  t.same(Object.fromEntries(examples), {
    operations: people,
    engineering: people,
    everybody: people,
    'on-call': people,
    'dead-mans-switch': ['webhook_configs'],
  })
})

t.test('an example that is put to use belongs to its receiver, and says when it is over', async (t) => {
  for (const [receiver, kinds] of examples) {
    for (const kind of kinds) {
      const { receivers } = parse(withExample(receiver, kind))
      const changed = receivers.filter((one: object) => kind in one && !('http_config' in one))
      const used = changed.find(({ name }: { name: string }) => name === receiver)
      t.ok(used?.[kind].length === 1, `${kind} of ${receiver}`)
      t.equal(used?.[kind][0].send_resolved, receiver !== 'dead-mans-switch', `${kind} of ${receiver}`)
    }
  }
})

t.test('secrets are in files', async (t) => {
  t.notMatch(edited, /^ *# +(- )?(auth_password|api_url|auth_secret|password|credentials):/m)
  t.match(edited, /auth_password_file: \/etc\/alertmanager\/secrets\//)
  t.match(edited, /api_url_file: \/etc\/alertmanager\/secrets\//)
})

await withEach(t, 'amtool accepts every example alone, and all together', async (t, { check }) => {
  const file = join(emptyFolder(t), 'alertmanager.yml')
  const accepts = async (config: string, what: string) => {
    writeFileSync(file, config)
    const said = await check('check-config', file)
    t.equal(said.code, 0, what, { said: said.output })
  }
  let all = text
  for (const [receiver, kinds] of examples) {
    for (const kind of kinds) {
      await accepts(withExample(receiver, kind), `${kind} of ${receiver}`)
      all = withExample(receiver, kind, all)
    }
  }
  await accepts(all, 'all together')
})

await withEach(t, 'every template that an example names is there', async (t, release) => {
  const named = new Set([...edited.matchAll(/\{\{ template "([^"]+)" \. \}\}/g)].map(([, name = '']) => name))
  t.equal(named.size, 6)
  for (const name of named) t.not(await render(t, release, name, [told()]), '', name)
})
