import t from 'tap'
import { parseExposition } from '../support/exposition.ts'
import { scrapeChecker } from '../support/promtool.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { everyReading } from '../support/simulated-host.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** A small generator with a seed that a failure names, so that it can be seen again. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

/** Bytes as the kernel hands them out, decoded as pidwarden reads files: what is no UTF-8 becomes U+FFFD. */
function bytes(next: () => number): string {
  const length = Math.floor(next() * 60)
  return Buffer.from(Array.from({ length }, () => Math.floor(next() * 256))).toString('utf8')
}

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

async function scrapeOf(words: readonly string[]): Promise<string> {
  const { host, engine, clock, metrics } = createPidwarden({
    yaml: `expected: ${JSON.stringify(words.filter((word) => word !== ''))}\ncollect: { openFds: true }\n`,
  })
  for (const [index, word] of words.entries()) {
    const { container } = addGateway(host, engine, `${index}${word}`, {
      'com.docker.compose.project': word,
      'pidwarden.mode': word,
    })
    container.image = word
    host.cgroupFiles.set(container.id, everyReading)
    for (const argv of [[word], ['node', word], ['sh', '-c', word], [`npm exec ${word}`]]) {
      host.spawn(container.id, { ppid: container.pid, argv, comm: word.slice(0, 15) })
    }
  }
  return clock.drive(metrics.render())
}

t.test('any name and any command line makes a scrape that promtool accepts', async (t) => {
  const check = await scrapeChecker(t)
  if (!check) return
  const seed = Date.now() % 2 ** 32
  const next = random(seed)
  for (const [name, words] of [
    ['ordinary names', ['metamcp', 'redis-1']],
    ['nasty ones', nasty],
    ...Array.from(
      { length: 4 },
      (_, i) => [`seed ${seed}, ${i}`, Array.from({ length: 8 }, () => bytes(next))] as const,
    ),
  ] as const) {
    const text = await scrapeOf(words)
    const said = await check(text)
    t.equal(said.code, 0, name, { said: said.output })
    const containers = parseExposition(text).get('pidwarden_container_processes')
    t.equal(containers?.size, words.length, `${name}: every container has its series`)
  }
})
