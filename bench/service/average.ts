import { setTimeout as delay } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import { cpuSeconds } from '../cpu.ts'
import { wide } from '../farm/farm.ts'
import { scrape } from '../http.ts'
import { judged, told } from '../measurement.ts'
import { scrapeUntilWhole, startService } from './service.ts'

/** The interval of the shipped prometheus.yml. */
const interval = 5000

/** What pidwarden costs all day. */
export const average: Benchmark = {
  name: 'average',
  how:
    'CPU time of the whole service (src/main.ts, the flags of the image) from /proc/<pid>/stat over a minute, scraped ' +
    'over HTTP every 5 s, after ten scrapes to warm up.',
  bars: ['average'],
  async *run(stage) {
    const farm = await stage.farm(wide)
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
      yield told('size of a scrape', bytes / 1000, 'kB')
      yield told('whole service, CPU per scrape, HTTP and rendering included', (used / rounds) * 1000, 'ms')
      yield judged('average', 3, told('average CPU', (used / elapsed) * 100, '% of a core'))
    } finally {
      await service.close()
    }
  },
}
