import t from 'tap'
import { bars } from '../../bench/bars.ts'
import type { Benchmark } from '../../bench/benchmark.ts'
import { benchmarks } from '../../bench/index.ts'
import { judged, told } from '../../bench/measurement.ts'
import { anyMissed, type Findings, markdown, verdictLines } from '../../bench/report.ts'

const benchmark: Benchmark = { name: 'stall', how: 'By looking.', bars: ['stall'], async *run() {} }

function findings(stall: number): Findings {
  const mine = [
    judged('stall', 25, told('longest stall', stall, 'ms')),
    told('a | b', 2, 'ms', { name: 'C', value: 1 }),
  ]
  return {
    benchmarks: [benchmark],
    measurements: new Map([[benchmark, mine]]),
    reasons: new Map([['floor', 'this machine has no C compiler']]),
    machine: { cores: 2, memoryGiB: 24, kernel: '6.18', node: '24.1.0', cgroup: 'v1', ground: 'cgroups' },
    quick: false,
  }
}

t.test('every bar has a line, whether it was measured or not', async (t) => {
  const lines = verdictLines(findings(20))
  t.equal(lines.length, bars.length)
  t.ok(lines.some((line) => /^held .*longest stall: 20 ms$/.test(line)))
  t.ok(lines.some((line) => /^not measured here .*: this machine has no C compiler$/.test(line)))
  t.ok(lines.some((line) => /^not measured here .*: there is no benchmark for it yet$/.test(line)))
  t.ok(verdictLines(findings(26)).some((line) => line.startsWith('missed ')))
})

t.test('what is missed is told apart', async (t) => {
  t.notOk(anyMissed(findings(20)))
  t.ok(anyMissed(findings(26)))
})

t.test('markdown', async (t) => {
  const text = markdown(findings(20))
  t.match(text, 'Machine: 2 cores, 24 GiB, Linux 6.18, cgroup v1, Node 24.1.0.')
  t.match(
    text,
    '| longest stall of the event loop, either farm, rendering included | ≤ 25 ms | held | longest stall: 20 ms |',
  )
  t.match(text, '### stall\n\nBy looking.\n')
  t.match(text, '| a \\| b | 2 ms | 2 × C |', 'a bar in a cell is no end of it')
  t.notMatch(text, 'quick run')
  t.match(markdown({ ...findings(20), quick: true }), '**A quick run')
})

t.test('the registry: names are unique, and no two benchmarks judge one bar', async (t) => {
  const names = benchmarks.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  const judgedBars = benchmarks.flatMap((one) => one.bars)
  t.equal(new Set(judgedBars).size, judgedBars.length)
})
