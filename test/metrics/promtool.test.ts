import t from 'tap'
import { parseExposition } from '../support/exposition.ts'
import { bearer } from '../support/problem.ts'
import { scrapeChecker } from '../support/promtool.ts'
import { seeded } from '../support/random.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { everyReading } from '../support/simulated-host.ts'
import { createPidwarden, token } from '../support/simulated-pidwarden.ts'
import { createWildHost } from '../support/wild-host.ts'
import { wildLabels, wildText } from '../support/wild-words.ts'

/** So many at random; a failure names the seed. */
const seeds = [1, 2, 3, 4, 5, 6]

const nasty = [
  '',
  '"',
  '\\',
  '\\n',
  'a\nb',
  '\r\n',
  '\0',
  '}',
  '{a="b"} 1',
  '# HELP x',
  '\ud800',
  'é\u2028',
  '\u202e',
]

/** A pidwarden over containers that are called so and run such commands; `labels` are put onto them one by one. */
function pidwardenOf(words: readonly string[], labels: readonly Record<string, string>[] = []) {
  const pidwarden = createPidwarden({
    yaml: `expected: ${JSON.stringify(words.filter((word) => word !== ''))}\ncollect: { openFds: true }\n`,
  })
  const { host, engine } = pidwarden
  for (const [index, word] of words.entries()) {
    const { container } = addGateway(host, engine, `${index}${word}`, {
      'com.docker.compose.project': word,
      'pidwarden.mode': word,
      ...labels[index],
    })
    container.image = word
    host.cgroupFiles.set(container.id, everyReading)
    for (const argv of [[word], ['node', word], ['sh', '-c', word], [`npm exec ${word}`]]) {
      host.spawn(container.id, { ppid: container.pid, argv, comm: word.slice(0, 15) })
    }
  }
  return pidwarden
}

t.test('any name and any command line makes a scrape that promtool accepts', async (t) => {
  const check = await scrapeChecker(t)
  if (!check) return
  for (const [name, words] of [
    ['ordinary names', ['metamcp', 'redis-1']],
    ['nasty ones', nasty],
    ...seeds.map((seed) => {
      const random = seeded(seed)
      return [`seed ${seed}`, Array.from({ length: 8 }, () => wildText(random))] as const
    }),
  ] as const) {
    const { clock, metrics } = pidwardenOf(words)
    const text = await clock.drive(metrics.render().then(String))
    const said = await check(text)
    t.equal(said.code, 0, name, { said: said.output })
    const containers = parseExposition(text).get('pidwarden_container_processes')
    t.equal(containers?.size, words.length, `${name}: every container has its series`)
  }
})

t.test('so do any labels of a container, and every other answer can be read as well', async (t) => {
  const check = await scrapeChecker(t)
  if (!check) return
  for (const seed of seeds) {
    const random = seeded(seed)
    const words = Array.from({ length: 10 }, () => wildText(random))
    const { app, clock, metrics } = pidwardenOf(
      words,
      words.map(() => wildLabels(random)),
    )
    const text = await clock.drive(metrics.render().then(String))
    const said = await check(text)
    t.equal(said.code, 0, `seed ${seed}`, { said: said.output })
    const info = parseExposition(text).get('pidwarden_container_info')
    t.equal(info?.size, words.length, `seed ${seed}: every container has its series`)
    const containers = await app.inject({ url: '/api/containers', headers: bearer(token) })
    t.equal(containers.json().containers.length, words.length, `seed ${seed}: every container is listed`)
    t.equal((await app.inject('/api/health')).json().containers, words.length, `seed ${seed}: health`)
  }
})

for (const version of [1, 2] as const) {
  t.test(`any bytes in /proc and in the cgroup paths of v${version}`, async (t) => {
    const check = await scrapeChecker(t)
    if (!check) return
    for (const seed of seeds) {
      const { metrics } = createWildHost(t, version, seeded(1000 + seed))
      const said = await check(await metrics.render().then(String))
      t.equal(said.code, 0, `seed ${1000 + seed}`, { said: said.output })
    }
  })
}
