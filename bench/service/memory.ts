import { type Benchmark, NotMeasured } from '../benchmark.ts'
import { inside, removeCgroup } from '../farm/cgroups.ts'
import { deep, type Farm } from '../farm/farm.ts'
import { scrape } from '../http.ts'
import { judged, told } from '../measurement.ts'
import { cached } from '../places.ts'
import { median, type Point, quantile, slope } from '../statistics.ts'
import { makeLimited } from './limited.ts'
import { isWhole, scrapeUntilWhole, startService } from './service.ts'

const MiB = 1024 * 1024

/** More than this over the run is called growth; a garbage collector leaves some noise. */
const flat = 4

/** Whether the service lives with little, under the worst that it is made for. */
export const memory: Benchmark = {
  name: 'memory',
  how:
    'The whole service in a cgroup of its own with 128 MiB and 0.1 CPU, scraped 1,000 times, one right after the other. ' +
    'It runs a copy of Node of its own, so that the pages of the program are charged to it too. Anonymous memory of the cgroup after each scrape; growth is the slope of a straight line through all but the ' +
    `first fifth, over the run, and flat is at most ${flat} MiB. Answered is 200 with every process told, within 60 s.`,
  bars: ['memory'],
  async *run(stage) {
    const farm = await stage.farm(deep)
    const limited = makeLimited(128 * MiB, 0.1)
    const samples: Point[] = []
    const times: number[] = []
    let charged = 0
    let answered = 0
    const count = stage.quick ? 20 : 1000
    const service = await startService(farm, { wrap: (command) => inside(limited.cgroup, ownNode(command)) })
    try {
      await scrapeUntilWhole(service.url, farm)
      for (
        let x = 0;
        x < count && service.child.exitCode === null && service.child.signalCode === null;
        x++
      ) {
        const milliseconds = await answer(service.url, farm)
        if (milliseconds !== undefined) times.push(milliseconds)
        if (milliseconds !== undefined) answered++
        samples.push({ x, y: limited.anonymous() / MiB })
        charged = Math.max(charged, limited.charged() / MiB)
        if (x % 100 === 99) stage.log(`${x + 1} of ${count} scrapes`)
      }
      yield judged('memory', 0, told('OOM kills', limited.kills(), ''))
      yield judged('memory', 0, told(`scrapes of ${count} that were not answered`, count - answered, ''))
      const settled = samples.slice(Math.floor(samples.length / 5))
      const grown = slope(settled) * settled.length
      const growth = told('growth of anonymous memory over the run', grown, 'MiB')
      yield stage.quick ? growth : judged('memory', flat, growth)
      yield told('anonymous memory, median', median(samples.map(({ y }) => y)), 'MiB')
      yield told('anonymous memory, most', Math.max(...samples.map(({ y }) => y)), 'MiB')
      yield told('charged memory, file cache included, most', charged, 'MiB')
      yield told('time of a scrape, median', median(times) / 1000, 's')
      yield told('time of a scrape, 99th percentile', quantile(times, 0.99) / 1000, 's')
      if (stage.quick) throw new NotMeasured('a quick run is too short to tell whether memory stays flat')
    } finally {
      await service.close()
      await removeCgroup(limited.cgroup)
    }
  },
}

/**
 * Runs a copy of Node that is made inside of the cgroup: the pages of a program file are charged to whoever reads them
 * first, and those of the common one are charged elsewhere already. A container has its own file as well.
 */
function ownNode([node = '', ...rest]: readonly string[]): readonly string[] {
  const script = 'cp "$1" "$2" && shift && exec "$@"'
  return ['/bin/sh', '-c', script, 'sh', node, cached('node'), ...rest]
}

/** How long it took, or undefined when there was no whole answer. */
async function answer(url: string, farm: Farm): Promise<number | undefined> {
  try {
    const found = await scrape(url)
    return isWhole(found, farm) ? found.milliseconds : undefined
  } catch {
    return undefined
  }
}
