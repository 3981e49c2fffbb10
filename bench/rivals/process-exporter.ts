import { writeFileSync } from 'node:fs'
import { freePort } from '../../test/support/ports.ts'
import { until } from '../../test/support/until.ts'
import type { Benchmark } from '../benchmark.ts'
import { watch } from '../census/observe.ts'
import { end, start } from '../children.ts'
import { cpuSeconds } from '../cpu.ts'
import { wide } from '../farm/farm.ts'
import { scrape } from '../http.ts'
import { judged, told } from '../measurement.ts'
import { cached } from '../places.ts'
import { median } from '../statistics.ts'
import { provide } from './provide.ts'

/** All processes, grouped by their comm: the example that it ships. */
const config = `process_names:
  - name: "{{.Comm}}"
    cmdline: ['.+']
`

/** The census against the process exporter of the Prometheus world. */
export const processExporter: Benchmark = {
  name: 'process-exporter',
  how:
    'CPU time of the exporter (smaps and threads off, groups by comm) over several scrapes, from /proc/<pid>/stat, per ' +
    'scrape. It reads every process of the machine and answers over HTTP; the census reads those of containers, and ' +
    'is not charged for HTTP.',
  bars: ['process-exporter'],
  async *run(stage) {
    const program = await provide('process-exporter', stage.log)
    const farm = await stage.farm(wide)
    const file = cached('process-exporter.yaml')
    writeFileSync(file, config)
    const address = `127.0.0.1:${await freePort()}`
    const exporter = start(
      [
        program,
        '-gather-smaps=false',
        '-threads=false',
        `-config.path=${file}`,
        `-web.listen-address=${address}`,
      ],
      { stdio: 'ignore' },
    )
    const worker = await watch(farm)
    try {
      // Twice, since it tells rates from the second look on.
      for (let warm = 0; warm < 2; warm++) {
        await until(
          'the process exporter answers',
          async () => (await scrape(`http://${address}`)).status === 200,
        )
      }
      const pid = exporter.pid ?? 0
      const scrapes = stage.quick ? 5 : 20
      const census: number[] = []
      let used = 0
      for (let round = 0; round < scrapes; round++) {
        const before = cpuSeconds(pid)
        await scrape(`http://${address}`)
        used += cpuSeconds(pid) - before
        census.push(...(await worker.rounds(5)))
      }
      const theirs = { name: 'process-exporter', value: (used / scrapes) * 1000 }
      yield told('process-exporter, CPU per scrape', theirs.value, 'ms')
      yield judged('process-exporter', 0.1, told('census, CPU per scrape', median(census), 'ms', theirs))
    } finally {
      await worker.close()
      await end(exporter)
    }
  },
}
