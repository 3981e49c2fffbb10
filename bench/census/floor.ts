import { writeFileSync } from 'node:fs'
import { run } from '../../lab/system/run.ts'
import { until } from '../../test/support/until.ts'
import { type Benchmark, NotMeasured } from '../benchmark.ts'
import { compile } from '../compile.ts'
import { wide } from '../farm/farm.ts'
import { judged, told } from '../measurement.ts'
import { cached } from '../places.ts'
import { median, quantile } from '../statistics.ts'
import { type CensusWorker, watch } from './observe.ts'

/** The census against the cheapest program that could read the same. */
export const floor: Benchmark = {
  name: 'floor',
  how:
    'CPU time (user and system) of `observeAll` in a process of its own, warmed up, under the flags of the image; ' +
    'median of all rounds. The C program (bench/floor.c) opens, reads and closes the very files and folders that ' +
    'one such scrape was recorded to read. Both take turns.',
  bars: ['floor'],
  async *run(stage) {
    const farm = await stage.farm(wide)
    const program = await compile('bench/floor.c')
    const processes = wide.containers * wide.processes
    const recording = await watch(farm, true)
    const accesses = await steadily(recording).finally(recording.close)
    const stats = accesses.filter((line) => /^f \d+ .*\/\d+\/stat$/.test(line)).length
    if (stats < processes) throw new NotMeasured(`the recorder saw ${stats} of ${processes} stat files read`)
    const list = cached('accesses')
    writeFileSync(list, `${accesses.join('\n')}\n`)

    const census: number[] = []
    const least: number[] = []
    const worker = await watch(farm)
    try {
      for (let block = 0; block < (stage.quick ? 3 : 10); block++) {
        census.push(...(await worker.rounds(20)))
        const text = await run(program, [list, '20'], { deadline: 60_000 })
        least.push(
          ...text
            .trim()
            .split('\n')
            .map((nanoseconds) => Number(nanoseconds) / 1e6),
        )
      }
    } finally {
      await worker.close()
    }
    const c = { name: 'the C floor', value: median(least) }
    yield told('C floor, CPU per round', c.value, 'ms')
    yield told('files and folders read per scrape', accesses.length, '')
    yield judged('floor', 1.5, told('census, CPU per scrape', median(census), 'ms', c))
    yield told('census, CPU per scrape, 95th percentile', quantile(census, 0.95), 'ms', c)
  },
}

/** What a scrape reads once it reads no more than the one before: what has just been started is looked at longer. */
async function steadily({ record }: CensusWorker): Promise<readonly string[]> {
  let before = 0
  return until('the census reads as much as it did the last time', async () => {
    const accesses = await record()
    const steady = accesses.length === before
    before = accesses.length
    return steady && accesses
  })
}
