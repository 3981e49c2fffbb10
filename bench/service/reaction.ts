import { setTimeout as delay } from 'node:timers/promises'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { type Benchmark, NotMeasured } from '../benchmark.ts'
import { wide } from '../farm/farm.ts'
import { firstEnd, forgetEnds, leakAgain, noteEnds, someEnd } from '../farm/leak.ts'
import { leavesBehind } from '../leftovers.ts'
import { judged, type Measurement, told } from '../measurement.ts'
import { median, quantile } from '../statistics.ts'
import { postAlert, runOf } from './alert.ts'
import { type Phases, phasesOf } from './phases.ts'
import { keepScraping } from './scraper.ts'
import { scrapeUntilWhole, startService } from './service.ts'

/** How the service is scraped meanwhile: with this pause between two scrapes, milliseconds. */
const ways = [
  { name: 'scraped without a pause', pause: 0 },
  { name: 'scraped every 5 s', pause: 5000 },
]

/** So many containers take turns: by the time of its next alert, what has leaked in one is some seconds old. */
const turns = 16

/** An alert comes after a scrape that saw the leak, and the census is sure of a process after two seconds. */
const settled = 3000

/** One alert. Milliseconds. */
interface Sample {
  /** From the answer 202 to the first signal. */
  readonly accepted: number
  /** The same from the moment when the webhook was sent. */
  readonly sent: number
  readonly phases: Phases
}

/** How soon a process is signalled once Alertmanager has called. */
export const reaction: Benchmark = {
  name: 'reaction',
  how:
    `The whole service, scraped over HTTP all the while. ${turns} containers of the farm opt in (\`enforce\`, \`generic\`) ` +
    'and take turns; 18 instances in each are duplicates. A webhook calls the playbook `cleanup`, and who is signalled ' +
    'notes the moment in its handler of SIGTERM. From the answer 202 to the first of these moments; a new episode each ' +
    'time, and a new leak that the census has seen, as it has when an alert comes. Without a pause between two scrapes is ' +
    'what the bar judges. Minimum age and settle time are 0: the one would only be waited for, the other comes after the ' +
    'first signal. Where the time goes is told by the journal: *admission* until the first step, *evidence* and ' +
    '*orphans* for the steps that end nothing here, *plan* until the first signal is on file.',
  bars: ['reaction'],
  async *run(stage) {
    if (process.getuid?.() !== 0) throw new NotMeasured('needs root, to signal processes of containers')
    const farm = await stage.farm(wide)
    const containers = farm.containers.slice(0, turns)
    const forget = leavesBehind(async () => forgetEnds())
    const service = await startService(farm, { config: optIn(containers) })
    try {
      await scrapeUntilWhole(service.url, farm)
      for (const way of ways) {
        yield* reactions(way, await sample(service.url, containers, way.pause, stage.quick ? 20 : 200))
      }
    } finally {
      await service.close()
      await forget()
    }
  },
}

/** A configuration, as YAML, which JSON is too. */
function optIn(containers: readonly KnownContainer[]): string {
  return JSON.stringify({
    containers: containers.map(({ name }) => ({ name, policy: { mode: 'enforce', profile: 'generic' } })),
    remediation: {
      minimumAge: { critical: 0 },
      settle: 0,
      // Many alerts a minute are what is measured.
      budgets: [],
      storm: { containers: 10_000 },
    },
  })
}

async function sample(
  url: string,
  containers: readonly KnownContainer[],
  pause: number,
  wanted: number,
): Promise<readonly Sample[]> {
  const scraper = keepScraping(url, pause)
  const samples: Sample[] = []
  const queue = containers.map((container) => ({ container, leakedAt: performance.now() }))
  try {
    for (let next = queue.shift(); next && samples.length < wanted; next = queue.shift()) {
      await delay(Math.max(0, next.leakedAt + pause + settled - performance.now()))
      // So that alerts come at any moment of a scrape.
      await delay(Math.random() * 200)
      samples.push(await react(url, next.container))
      await leakAgain(next.container, wide.processes)
      queue.push({ ...next, leakedAt: performance.now() })
    }
  } finally {
    await scraper.stop()
  }
  return samples
}

async function react(url: string, container: KnownContainer): Promise<Sample> {
  noteEnds()
  const { sentAt, acceptedAt, runId } = await postAlert(url, container)
  // The service is left in peace until then: whoever asks how far it is makes it slower.
  await someEnd()
  const run = await runOf(url, runId)
  if (run.ending?.outcome !== 'fixed') throw new Error(`the run ended ${JSON.stringify(run.ending)}`)
  const first = firstEnd()
  const since = (from: bigint): number => Number(first - from) / 1e6
  return { accepted: since(acceptedAt), sent: since(sentAt), phases: phasesOf(run) }
}

function* reactions(
  { name, pause }: (typeof ways)[number],
  samples: readonly Sample[],
): Generator<Measurement> {
  const times = samples.map(({ accepted }) => accepted)
  if (pause === 0) yield told(`first alert of the service, ${name}`, times[0] ?? 0, 'ms')
  yield told(`p50, ${name}`, median(times), 'ms')
  for (const phase of ['admission', 'evidence', 'orphans', 'plan'] as const) {
    yield told(`${phase}, p50, ${name}`, median(samples.map(({ phases }) => phases[phase])), 'ms')
  }
  yield told(`p95, ${name}`, quantile(times, 0.95), 'ms')
  const p99 = told(`p99, ${name}`, quantile(times, 0.99), 'ms')
  yield pause === 0 ? judged('reaction', 50, p99) : p99
  const sent = samples.map((one) => one.sent)
  yield told(`p99 from when the webhook was sent, ${name}`, quantile(sent, 0.99), 'ms')
}
