import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { PresetName } from '../src/census/presets.ts'
import { serveEngine } from './support/engine-socket.ts'
import { family } from './support/exposition.ts'
import { createFakeDocker, type FakeContainer } from './support/fake-docker.ts'
import { scrapedPreset, scrapedTiers, tiersOf } from './support/preset-tables.ts'
import { type Program, startProgram } from './support/program.ts'
import { until } from './support/until.ts'

const name = 'metamcp'
const usual = 'policy: { preset: protocol }\n'

/** A pidwarden that knows one container. It has stopped: its tiers are told all the same, and nothing else moves. */
async function setUp(t: Test, yaml = usual) {
  const engine = createFakeDocker()
  engine.add(name, { state: 'exited', pid: 0 })
  const program = await startProgram(t, { yaml, dockerSocket: await serveEngine(t, engine) })
  await until('it knows the container', async () => scrapedPreset(await program.metrics(), name))
  /** What `docker compose up` does when a label was changed. */
  function recreate(labels: Record<string, string>): FakeContainer {
    for (const { id } of engine.containers.values()) {
      engine.containers.delete(id)
      engine.emit('destroy', id)
    }
    const id = Object.keys(labels).length.toString(16).repeat(64)
    const container = engine.add(name, { id, labels, state: 'exited', pid: 0 })
    engine.emit('create', container.id)
    return container
  }
  return { engine, program, recreate }
}

/** Every scrape until one has the preset; each must be of one kind, all old or all new. */
async function scrapeUntil(t: Test, program: Program, old: PresetName, next: PresetName): Promise<number> {
  let scrapes = 0
  await until(`the scrape has ${next}`, async () => {
    const text = await program.metrics()
    scrapes++
    const told = scrapedPreset(text, name)
    // Between the end of the old container and the beginning of the new one there is none.
    if (told === undefined) return false
    const expected = told === next ? next : old
    if (told !== expected) t.fail(`${told} where ${old} or ${next} was expected`)
    t.same(scrapedTiers(text, name), tiersOf(expected), `scrape ${scrapes}: all of it is ${expected}`)
    return told === next
  })
  return scrapes
}

const isConfigured = async (program: Program): Promise<boolean> =>
  family(await program.metrics(), 'config_last_reload_successful')[''] === 1

t.test('the first scrape after SIGHUP has the thresholds and playbooks of the new preset', async (t) => {
  const { program } = await setUp(t)
  t.same(scrapedTiers(await program.metrics(), name), tiersOf('protocol'))
  const reloaded = await program.reload()
  t.equal(reloaded.msg, 'configuration reloaded', 'of a file that nobody has touched: it is the signal')
  for (const preset of ['investigation', 'prevention', 'fix', 'production', 'protocol'] as const) {
    program.configure(`policy: { preset: ${preset} }\n`)
    t.match(await program.reload(), { msg: 'configuration reloaded' })
    const text = await program.metrics()
    t.equal(scrapedPreset(text, name), preset)
    t.same(scrapedTiers(text, name), tiersOf(preset), `${preset}, and nothing of the one before`)
  }
  t.equal(await program.stop(), 0)
})

t.test('a file that changes is seen without a signal, whichever way it was written', async (t) => {
  const { program } = await setUp(t)
  program.configure('policy: { preset: investigation }\n')
  t.ok((await scrapeUntil(t, program, 'protocol', 'investigation')) > 0, 'replaced by another')
  t.ok(program.lines.some(({ msg }) => msg === 'configuration reloaded'))
  writeFileSync(program.config, 'policy: { preset: fix }\n')
  t.ok((await scrapeUntil(t, program, 'investigation', 'fix')) > 0, 'written in place')
  t.ok(await isConfigured(program))
})

t.test('a layer for some containers switches those, and an override stays over the preset', async (t) => {
  const { engine, program } = await setUp(t)
  const other = engine.add('redis', { state: 'exited', pid: 0 })
  engine.emit('create', other.id)
  await until('it knows both', async () => scrapedPreset(await program.metrics(), 'redis'))
  program.configure(`
    containers:
      - name: meta*
        policy: { preset: production, thresholds: { processes: { critical: { at: 12, playbook: record } } } }
  `)
  await program.reload()
  const text = await program.metrics()
  t.same(scrapedTiers(text, name), { ...tiersOf('production'), 'processes critical': '12 record' })
  t.same(scrapedTiers(text, 'redis'), tiersOf('protocol'))
})

for (const [how, change] of [
  ['names no preset that there is', 'policy: { preset: investigaton }\n'],
  ['is no YAML', 'policy: { preset: investigation\n'],
  ['has tiers that fall', 'policy: { preset: fix, thresholds: { processes: { emergency: 2 } } }\n'],
] as const) {
  t.test(`a file that ${how} keeps the old preset, and is told`, async (t) => {
    const { program } = await setUp(t, 'policy: { preset: investigation }\n')
    program.configure(change)
    const line = await program.reload()
    t.match(line, { msg: /refused, the old one stays/, error: `${program.config}:` })
    const text = await program.metrics()
    t.same(scrapedTiers(text, name), tiersOf('investigation'))
    t.equal(scrapedPreset(text, name), 'investigation')
    t.same(family(text, 'config_last_reload_successful'), { '': 0 })
    const configuration = (await program.health()).parts.find((part) => part.name === 'configuration')
    t.match(configuration, { ok: false, detail: line.error })
    program.configure('policy: { preset: prevention }\n')
    t.match(await program.reload(), { msg: 'configuration reloaded' })
    t.same(scrapedTiers(await program.metrics(), name), tiersOf('prevention'), 'mended')
    t.ok(await isConfigured(program))
  })
}

t.test('a label switches the preset of its container as soon as that is there', async (t) => {
  const { program, recreate } = await setUp(t)
  recreate({ 'pidwarden.preset': 'investigation' })
  await scrapeUntil(t, program, 'protocol', 'investigation')
  program.configure('policy: { preset: fix }\n')
  await program.reload()
  t.same(
    scrapedTiers(await program.metrics(), name),
    tiersOf('investigation'),
    'the label stands over the file',
  )
  program.configure('policy: { preset: fix }\nlabels: { ignore: [preset] }\n')
  await program.reload()
  t.same(scrapedTiers(await program.metrics(), name), tiersOf('fix'), 'unless the file ignores it')

  recreate({ 'pidwarden.preset': 'investigation', 'pidwarden.thresholds.processes.critical': '20' })
  const tiers = { ...tiersOf('fix'), 'processes critical': '20 cleanup' }
  await until('the threshold of the label', async () => {
    const told = scrapedTiers(await program.metrics(), name)
    return told['processes critical'] === '20 cleanup' && t.same(told, tiers, 'that label alone counts')
  })
  recreate({})
  await until('the label is gone', async () => {
    const told = scrapedTiers(await program.metrics(), name)
    return told['processes critical'] === '16 cleanup' && t.same(told, tiersOf('fix'))
  })
})
