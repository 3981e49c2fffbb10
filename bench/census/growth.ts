import type { Benchmark } from '../benchmark.ts'
import type { Shape } from '../farm/farm.ts'
import { judged, told } from '../measurement.ts'
import { exponent, median, type Point } from '../statistics.ts'
import { watch } from './observe.ts'

const sizes = [100, 300, 1000, 3000, 10_000]

/** How the census grows with the number of processes in one container, where anything worse than linear would show. */
export const growth: Benchmark = {
  name: 'growth',
  how:
    `CPU time of \`observeAll\` over one container of ${sizes.map((size) => size.toLocaleString('en-US')).join(', ')} ` +
    'processes, median; the exponent b of the curve a·x^b that fits best. 1 is linear, 2 is quadratic.',
  bars: ['growth'],
  async *run(stage) {
    const points: Point[] = []
    for (const processes of sizes) {
      const shape: Shape = { name: 'curve', containers: 1, processes, awake: true }
      const worker = await watch(await stage.farm(shape))
      const enough = Math.max(10, Math.ceil(100_000 / processes / (stage.quick ? 5 : 1)))
      const cpu = await worker.rounds(Math.min(200, enough)).finally(worker.close)
      points.push({ x: processes, y: median(cpu) })
      yield told(`census of ${processes.toLocaleString('en-US')} processes`, median(cpu), 'ms')
    }
    yield told('exponent of the last step', exponent(points.slice(-2)), '')
    yield judged('growth', 1.1, told('exponent, 100 to 10,000 processes', exponent(points), ''))
  },
}
