/** promtool's unit tests as data: they are written into a file, and run at once. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ruleFiles } from '../support/rules.ts'
import { root, type Said } from '../support/tools.ts'
import { type Course, type Labels, type Sample, type Series, written } from './series.ts'

/** What a unit test shows of its rule. */
export type Kind =
  | 'fires'
  | 'just below'
  | 'waits'
  | 'stale'
  | 'missed scrape'
  | 'failed scrape'
  | 'forgets'
  | 'reset'
  | 'override'
  | 'apart'
  | 'also'
  | 'replay'

/** What must be found, so many seconds after the beginning. */
export type Check =
  | { readonly at: number; readonly expr: string; readonly samples: readonly Expected[] }
  | { readonly at: number; readonly alert: string; readonly alerts: readonly ExpectedAlert[] }

/** A sample of the answer. */
export interface Expected {
  readonly labels: Labels
  readonly value: number
}

/** An alert that fires, in full. */
export interface ExpectedAlert {
  readonly labels: Labels
  readonly annotations: Readonly<Record<string, string>>
}

/** A unit test. */
export interface UnitTest {
  readonly rule: string
  readonly kind: Kind
  /** Where several of a kind show different things. */
  readonly title?: string
  /** Seconds between two scrapes. */
  readonly every: number
  readonly series: readonly Series[]
  readonly checks: readonly Check[]
}

/** A test, as what it shows of a rule. */
export const unitTest = (
  rule: string,
  kind: Kind,
  every: number,
  series: readonly Series[],
  checks: readonly Check[],
  title?: string,
): UnitTest => ({ rule, kind, every, series, checks, ...(title === undefined ? {} : { title }) })

/** Tests that are run together. */
export interface Topic {
  readonly name: string
  /** Rule files without their folder and ending, in the order in which they are evaluated. */
  readonly rules: readonly string[]
  /** Seconds between two evaluations. */
  readonly every: number
  readonly tests: readonly UnitTest[]
}

/** `PidwardenPidsWarning: just below`. */
export const nameOf = ({ rule, kind, title }: UnitTest): string =>
  `${rule}: ${kind}${title === undefined ? '' : `, ${title}`}`

/** Runs the tests of a topic in `folder`; the answer tells which of them failed. */
export async function runTopic(
  topic: Topic,
  folder: string,
  promtool: (...args: string[]) => Promise<Said>,
): Promise<Said & { failed: (test: UnitTest) => boolean }> {
  const path = join(folder, `${topic.name}.yml`)
  await writeFile(path, await fileOf(topic))
  const said = await promtool('test', 'rules', path)
  return { ...said, failed: (test) => marks(test).some((mark) => said.output.includes(mark)) }
}

/** promtool names a test that expected other alerts, and quotes an expression that had another answer. */
const marks = (test: UnitTest): string[] => [`name: ${nameOf(test)},`, `# ${nameOf(test)}"`]

/** YAML contains JSON, which is written faster. */
async function fileOf({ rules, every, tests }: Topic): Promise<string> {
  const files = await ruleFiles()
  const chosen = rules.map((name) => files.find((file) => file.endsWith(`/${name}.yml`)) ?? name)
  // What is shown with the same series is shown in one go.
  const groups = Map.groupBy(tests, ({ series }) => series)
  return JSON.stringify(
    {
      rule_files: chosen.map((file) => join(root, file)),
      group_eval_order: rules.map((name) => `pidwarden-${name}`),
      evaluation_interval: `${every}s`,
      tests: [...groups.values()].map(groupOf),
    },
    undefined,
    1,
  )
}

/** A group of promtool: series, and checks of one test or of several. Its name is that of the first. */
function groupOf(tests: readonly UnitTest[]): object {
  const checks = tests.flatMap((test) => test.checks.map((check) => ({ test, check })))
  const last = Math.max(...checks.map(({ check }) => check.at))
  const { every = 1, series = [] } = tests[0] ?? {}
  return {
    name: tests.map(nameOf)[0],
    external_url: 'http://prometheus.example.org',
    interval: `${every}s`,
    input_series: series.map(({ metric, labels, course }) => ({
      series: `${metric}${written(labels)}`,
      values: valuesOf(course, every, last),
    })),
    promql_expr_test: checks.flatMap(({ test, check }) =>
      'expr' in check
        ? [
            {
              eval_time: `${check.at}s`,
              expr: `${check.expr} # ${nameOf(test)}`,
              exp_samples: check.samples.map(({ labels, value }) => ({ labels: written(labels), value })),
            },
          ]
        : [],
    ),
    alert_rule_test: checks.flatMap(({ check }) =>
      'alert' in check
        ? [
            {
              eval_time: `${check.at}s`,
              alertname: check.alert,
              exp_alerts: check.alerts.map(({ labels, annotations }) => ({
                exp_labels: labels,
                exp_annotations: annotations,
              })),
            },
          ]
        : [],
    ),
  }
}

/** Samples as promtool has them; what is the same several times in a row is written once. */
function valuesOf(course: Course, every: number, last: number): string {
  const runs: { sample: Sample; times: number }[] = []
  for (let at = 0; at <= last; at += every) {
    const sample = course(at)
    const run = runs.at(-1)
    if (run?.sample === sample) run.times += 1
    else runs.push({ sample, times: 1 })
  }
  return runs
    .map(({ sample, times }) =>
      sample === 'stale' ? 'stale' : sample === '_' ? `_x${times}` : `${sample}x${times - 1}`,
    )
    .join(' ')
}
