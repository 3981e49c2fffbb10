import { bars, type Reasons, rounded, type Verdict, verdictOf } from './bars.ts'
import type { Benchmark } from './benchmark.ts'
import { deep, type Shape, sleeping, wide } from './farm/farm.ts'
import type { Machine } from './machine.ts'
import type { Measurement } from './measurement.ts'

/** Everything that one run found. */
export interface Findings {
  readonly benchmarks: readonly Benchmark[]
  readonly measurements: ReadonlyMap<Benchmark, readonly Measurement[]>
  readonly reasons: Reasons
  readonly machine: Machine
  readonly quick: boolean
}

/** The verdicts as text, a line per bar. */
export function verdictLines(findings: Findings): string[] {
  return verdicts(findings).map(
    ({ what, promise, verdict }) => `${verdict.kind.padEnd(18)} ${what} (${promise}): ${detail(verdict)}`,
  )
}

/** Whether a bar was missed. */
export function anyMissed(findings: Findings): boolean {
  return verdicts(findings).some(({ verdict }) => verdict.kind === 'missed')
}

/** The whole report, Markdown. */
export function markdown(findings: Findings): string {
  const { machine, quick, benchmarks } = findings
  return `# Benchmarks

Written by \`npm run bench\`; do not edit. ${quick ? '**A quick run: too short for figures to rely on.** ' : ''}Everything is measured in one run on one machine; what counts are the ratios.

Machine: ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, cgroup ${machine.cgroup}, Node ${machine.node}.
Farms: ${sizeOf(wide)}; ${sizeOf(sleeping)}; ${sizeOf(deep)}. ${grounds[machine.ground]} Each container has an init, a gateway below it, and below that chains of \`npm exec\` → \`sh -c\` → \`node\`. All of it sleeps, but for the gateways, which wake fifty times a second, and take or give back a little memory ten times, so that no scrape finds a container as the last one did; in the sleeping farm they sleep too.

## Bars

${table(
  ['what', 'promise', 'verdict', 'measured'],
  verdicts(findings).map(({ what, promise, verdict }) => [what, promise, verdict.kind, detail(verdict)]),
)}

## Figures

${benchmarks
  .filter((one) => findings.measurements.has(one))
  .map((one) => section(one, findings))
  .join('\n\n')}
`
}

const grounds = {
  containers: 'They stand in real containers on a real Docker engine.',
  cgroups: "They stand in cgroups made by hand, and a small fake of Docker's API tells of them.",
}

function sizeOf({ name, containers, processes }: Shape): string {
  const each = processes.toLocaleString('en-US')
  return `*${name}* is ${containers === 1 ? 'one container' : `${containers} containers`} with ${each} processes${containers === 1 ? '' : ' each'}`
}

function section(benchmark: Benchmark, { measurements }: Findings): string {
  const rows = (measurements.get(benchmark) ?? []).map((one) => [
    one.name,
    `${rounded(one.value)} ${one.unit}`.trimEnd(),
    one.ratio === undefined ? '' : `${rounded(one.ratio)} × ${one.ratioTo ?? ''}`,
  ])
  return `### ${benchmark.name}\n\n${benchmark.how}\n\n${table(['what', 'value', 'ratio'], rows)}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map(
      (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`,
    )
    .join('\n')
}

function verdicts({ measurements, reasons }: Findings) {
  const all = [...measurements.values()].flat()
  return bars.map(({ id, what, promise }) => ({ what, promise, verdict: verdictOf(id, all, reasons) }))
}

function detail(verdict: Verdict): string {
  return verdict.kind === 'not measured here' ? verdict.why : verdict.figures.join('; ')
}
