import { reason } from '../lab/system/error.ts'
import { writeWhole } from '../lab/system/files.ts'
import { withLock } from '../lab/system/lock.ts'
import type { BarId } from './bars.ts'
import { type Benchmark, NotMeasured, type Stage } from './benchmark.ts'
import { endAll } from './children.ts'
import { createFields } from './farm/ground.ts'
import { benchmarks } from './index.ts'
import { removeLeftovers } from './leftovers.ts'
import { thisMachine } from './machine.ts'
import type { Measurement } from './measurement.ts'
import { isComplete, type Options, parseOptions, usage } from './options.ts'
import { cached, shipped } from './places.ts'
import { anyMissed, type Findings, markdown, verdictLines } from './report.ts'

const log = (line: string): void => console.error(`bench: ${line}`)

function readOptions(): Options {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    console.log(usage)
    process.exit()
  }
  try {
    return parseOptions(
      args,
      benchmarks.map(({ name }) => name),
    )
  } catch (error) {
    console.error(`${reason(error)}\n\n${usage}`)
    process.exit(2)
  }
}

async function perform(options: Options, stage: Stage): Promise<Findings> {
  const chosen = benchmarks.filter(({ name }) => options.names.length === 0 || options.names.includes(name))
  const measurements = new Map<Benchmark, Measurement[]>()
  const reasons = new Map<BarId, string>()
  for (const { bars } of benchmarks.filter((one) => !chosen.includes(one))) {
    for (const bar of bars) reasons.set(bar, 'not asked for')
  }
  for (const benchmark of chosen) {
    log(benchmark.name)
    const mine: Measurement[] = []
    measurements.set(benchmark, mine)
    try {
      for await (const measurement of benchmark.run(stage)) {
        mine.push(measurement)
        console.log(JSON.stringify(measurement))
      }
    } catch (error) {
      if (interrupted) throw error
      const expected = error instanceof NotMeasured
      for (const bar of benchmark.bars)
        reasons.set(bar, expected ? error.message : `failed: ${reason(error)}`)
      if (expected) continue
      log(`${benchmark.name} failed: ${error instanceof Error ? error.stack : String(error)}`)
      process.exitCode = 1
    }
  }
  const { quick, ground } = options
  return { benchmarks, measurements, reasons, machine: thisMachine(ground), quick }
}

const options = readOptions()
let interrupted = false
const fields = createFields(options.ground, log)

let cleaning: Promise<void> | undefined

/** Whatever happens, nothing of ours stays behind. Whoever asks later waits for the same. */
function clean(): Promise<void> {
  cleaning ??= endAll().then(removeLeftovers).finally(fields.close)
  return cleaning
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    log(`${signal}: cleaning up`)
    interrupted = true
    void clean().finally(() => process.exit(130))
  })
}

await withLock(cached('lock'), 1000, async () => {
  try {
    const { quick, ground } = options
    const findings = await perform(options, { quick, ground, farm: fields.farm, log })
    if (interrupted) return
    const name = isComplete(options) ? 'docs/benchmarks.md' : '.cache/bench/benchmarks.md'
    writeWhole(shipped(name), markdown(findings))
    console.log(['', ...verdictLines(findings), '', `written to ${name}`].join('\n'))
    if (options.strict && anyMissed(findings)) process.exitCode = 1
  } catch (error) {
    // What was interrupted fails in one way or another.
    if (!interrupted) throw error
  } finally {
    await clean()
  }
})
