import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Benchmark, Stage } from '../benchmark.ts'
import { deep, type Shape, wide } from '../farm/farm.ts'
import { scrape } from '../http.ts'
import { judged, type Measurement, told } from '../measurement.ts'
import type { Question, Stalls, Way } from './probe.ts'
import { type RunningService, scrapeUntilWhole, startService } from './service.ts'

const limit = 25

/** How long the service can be deaf while it is scraped. */
export const stall: Benchmark = {
  name: 'stall',
  how:
    'A module loaded into the running service watches its event loop while it is scraped over HTTP: ' +
    '`monitorEventLoopDelay` with a resolution of 1 ms, and the longest turn from one check phase to the next. The ' +
    'longest of all scrapes counts; those that come first, when nothing is remembered and compiled, are told apart.',
  bars: ['stall'],
  async *run(stage) {
    for (const shape of [wide, deep]) yield* stallsOf(shape, stage)
  },
}

async function* stallsOf(shape: Shape, stage: Stage): AsyncGenerator<Measurement> {
  const farm = await stage.farm(shape)
  const service = await startService(farm, { preload: 'bench/service/probe.ts' })
  const rounds = stage.quick ? 15 : 60
  try {
    const first = await during(service, 'histogram', () => scrapeUntilWhole(service.url, farm))
    yield judged(
      'stall',
      limit,
      told(`longest stall, ${shape.name} farm, first scrapes`, first.longest, 'ms'),
    )
    await scrapes(service, 10)
    const steady = await during(service, 'histogram', () => scrapes(service, rounds))
    yield judged('stall', limit, told(`longest stall, ${shape.name} farm`, steady.longest, 'ms'))
    const direct = await during(service, 'turns', () => scrapes(service, rounds))
    yield told(`longest turn of the loop, ${shape.name} farm`, direct.longest, 'ms')
    yield told(`the same by CPU time of its thread, ${shape.name} farm`, direct.longestCpu ?? 0, 'ms')
  } finally {
    await service.close()
  }
}

/** With a pause between, so that each scrape is measured alone. */
async function scrapes({ url }: RunningService, count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    await scrape(url)
    await delay(20)
  }
}

async function during(service: RunningService, way: Way, work: () => Promise<void>): Promise<Stalls> {
  await ask(service, { begin: way })
  await work()
  return ask(service, { end: way })
}

async function ask({ child }: RunningService, question: Question): Promise<Stalls> {
  child.send(question)
  const [answer] = (await once(child, 'message', { signal: AbortSignal.timeout(60_000) })) as [Stalls]
  return answer
}
