import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from '../../test/support/until.ts'
import type { Benchmark } from '../benchmark.ts'
import { watch } from '../census/observe.ts'
import { end, start } from '../children.ts'
import { cpuSeconds } from '../cpu.ts'
import { wide } from '../farm/farm.ts'
import { judged, told } from '../measurement.ts'
import { median } from '../statistics.ts'
import { provide } from './provide.ts'

/** Every round begins this chart once. */
const chart = 'BEGIN apps.cpu '

/** The census against netdata's collector of processes, which is written in C. */
export const netdata: Benchmark = {
  name: 'netdata',
  how:
    'CPU time of apps.plugin (without users, groups and files, a round every second) over several rounds, from ' +
    '/proc/<pid>/stat, per round. It reads every process of the machine.',
  bars: ['netdata'],
  async *run(stage) {
    const program = await provide('apps.plugin', stage.log)
    const farm = await stage.farm(wide)
    const worker = await watch(farm)
    // Its standard input stays open: it ends when nobody holds the other end any more.
    const plugin = start([program, '1', 'without-users', 'without-groups', 'without-files'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, NETDATA_STOCK_CONFIG_DIR: resolve(program, '../../conf.d') },
    })
    try {
      const pid = plugin.pid ?? 0
      let rounds = 0
      if (plugin.stdout === null) throw new Error('apps.plugin has no output')
      createInterface(plugin.stdout).on('line', (line) => {
        if (line.startsWith(chart)) rounds++
      })
      const reach = (wanted: number): Promise<boolean> =>
        until(`apps.plugin has done ${wanted} rounds`, () => {
          if (plugin.exitCode !== null) throw new Error(`apps.plugin ended with ${plugin.exitCode}`)
          return rounds >= wanted
        })
      await reach(3)
      const from = { rounds, used: cpuSeconds(pid) }
      await reach(from.rounds + (stage.quick ? 5 : 20))
      const theirs = (cpuSeconds(pid) - from.used) / (rounds - from.rounds)
      const other = { name: 'apps.plugin', value: theirs * 1000 }
      yield told('apps.plugin, CPU per round', other.value, 'ms')
      // It goes on meanwhile, as it would beside pidwarden.
      const census = await worker.rounds(stage.quick ? 40 : 100)
      yield judged('netdata', 0.5, told('census, CPU per scrape', median(census), 'ms', other))
    } finally {
      await worker.close()
      await end(plugin, 0)
    }
  },
}
