import t from 'tap'
import { family, total } from '../support/exposition.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

function setUp() {
  const pidwarden = createPidwarden()
  const { host, engine, clock, metrics } = pidwarden
  const farm = addGateway(host, engine)
  const { container } = farm
  return {
    ...pidwarden,
    ...farm,
    /** A program below the gateway, so many times; each with its own arguments unless they are copies. */
    run(command: string, count = 1, copies = false) {
      for (let i = 0; i < count; i++) {
        host.spawn(container.id, { ppid: farm.gateway(), argv: [command, copies ? '' : String(i)] })
      }
    },
    scrape: () => clock.drive(metrics.render().then(String)),
  }
}

const command = (name: string) => `name="metamcp",command="${name}"`

t.test('instances, duplicates and processes of each command', async (t) => {
  const { scrape, duplicate, run } = setUp()
  duplicate(3)
  run('worker', 4)
  const text = await scrape()
  t.same(family(text, 'container_instances'), {
    [command('node mcp-memory')]: 4,
    // init, a launcher, is collapsed with the gateway that it started.
    [command('node gateway.js')]: 1,
    [command('worker')]: 4,
  })
  t.same(family(text, 'container_duplicates'), {
    [command('node mcp-memory')]: 3,
    [command('node gateway.js')]: 0,
    [command('worker')]: 0,
  })
  t.equal(family(text, 'container_command_processes')[command('node mcp-memory')], 12)
  t.equal(total(text, 'container_command_processes'), family(text, 'container_processes')['name="metamcp"'])
  t.same(family(text, 'container_commands_folded'), { 'name="metamcp"': 0 })
})

t.test('fifty commands are told apart', async (t) => {
  const { scrape, run } = setUp()
  for (let i = 0; i < 48; i++) run(`tool${i}`)
  const text = await scrape()
  t.equal(Object.keys(family(text, 'container_instances')).length, 50)
  t.notOk(text.includes(command('other')))
  t.same(family(text, 'container_commands_folded'), { 'name="metamcp"': 0 })
})

t.test('what is more is summed up, the most duplicated and largest stay by name', async (t) => {
  const { scrape, run, duplicate } = setUp()
  duplicate(2)
  for (let i = 0; i < 70; i++) run(`tool${i}`)
  run('copied', 2, true)
  run('big', 9)
  const text = await scrape()
  const instances = family(text, 'container_instances')
  t.equal(Object.keys(instances).length, 51, 'fifty and other')
  t.equal(instances[command('other')], 74 - 50)
  t.same(family(text, 'container_commands_folded'), { 'name="metamcp"': 74 - 50 })
  t.equal(family(text, 'container_duplicates')[command('node mcp-memory')], 2)
  t.equal(family(text, 'container_duplicates')[command('copied')], 1)
  t.equal(instances[command('big')], 9)
  t.equal(total(text, 'container_command_processes'), family(text, 'container_processes')['name="metamcp"'])
  t.equal(total(text, 'container_duplicates'), 3)
})

t.test('a program that is itself called other does not get lost', async (t) => {
  const { scrape, run } = setUp()
  for (let i = 0; i < 60; i++) run(`tool${i}`)
  run('other', 20, true)
  const text = await scrape()
  t.equal(total(text, 'container_duplicates'), 19, 'every duplicate is in the sum that the rules compare')
  t.equal(total(text, 'container_command_processes'), family(text, 'container_processes')['name="metamcp"'])
})

t.test('a label is bounded and holds no argument', async (t) => {
  const { scrape, host, container } = setUp()
  const secret = 'hunter2'
  for (const argv of [
    ['node', 'server.js', `--token=${secret}`],
    ['x'.repeat(5000)],
    [`postgres://user:${secret}@host/db`],
    ['sh', '-c', `curl -H "Authorization: ${secret}" https://example.org`],
    [''],
    [],
  ]) {
    host.spawn(container.id, { ppid: container.pid, argv, comm: 'comm' })
  }
  const labels = Object.keys(family(await scrape(), 'container_instances'))
  t.notMatch(labels.join('\n'), secret)
  for (const label of labels) t.ok(label.length < 150, label)
})
