import { setTimeout as delay } from 'node:timers/promises'
import type { Benchmark, Stage } from '../benchmark.ts'
import { cpuSeconds } from '../cpu.ts'
import { type Shape, sleeping, wide } from '../farm/farm.ts'
import { scrape } from '../http.ts'
import { judged, type Measurement, told } from '../measurement.ts'
import { scrapeUntilWhole, startService } from './service.ts'

/** The interval of the shipped prometheus.yml. */
const interval = 5000

/** What pidwarden costs all day. */
export const average: Benchmark = {
  name: 'average',
  how:
    'CPU time of the whole service (src/main.ts, the flags of the image) from /proc/<pid>/stat over a minute, scraped ' +
    'over HTTP every 5 s, after ten scrapes to warm up. The bar is about the farm as it is when nothing runs in it, ' +
    'as what has leaked mostly does; where something runs in every container all the time, all of it is read anew at ' +
    'every scrape, and the second figure is the price of that.',
  bars: ['average'],
  async *run(stage) {
    const awake = yield* costOf(wide, stage)
    const asleep = yield* costOf(sleeping, stage)
    yield judged('average', 3, told('average CPU', asleep, '% of a core'))
    yield told('average CPU, something running in every container', awake, '% of a core')
  },
}

async function* costOf(shape: Shape, stage: Stage): AsyncGenerator<Measurement, number> {
  const farm = await stage.farm(shape)
  const service = await startService(farm)
  try {
    await scrapeUntilWhole(service.url, farm)
    for (let warm = 0; warm < 10; warm++) await scrape(service.url)
    const rounds = stage.quick ? 3 : 12
    const begun = performance.now()
    const before = cpuSeconds(service.pid)
    let bytes = 0
    for (let round = 1; round <= rounds; round++) {
      bytes = Buffer.byteLength((await scrape(service.url)).text)
      await delay(begun + round * interval - performance.now())
    }
    const used = cpuSeconds(service.pid) - before
    const elapsed = (performance.now() - begun) / 1000
    yield told(`size of a scrape, ${shape.name} farm`, bytes / 1000, 'kB')
    yield told(`whole service, CPU per scrape, ${shape.name} farm`, (used / rounds) * 1000, 'ms')
    return (used / elapsed) * 100
  } finally {
    await service.close()
  }
}
