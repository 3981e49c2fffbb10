/**
 * Writes what the mixin is made from: the rules as JSON, because not every Jsonnet reads the YAML of Prometheus, and the
 * list of the dashboards, because none looks into a folder. With `--check` it writes nothing and exits with 1 if a file
 * differs from what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { files as dashboardFiles } from '../grafana/generate.ts'
import { groups } from '../prometheus/alerts/index.ts'

/** Every generated file: its name and its text. */
export function files(): { path: string; text: string }[] {
  return [
    { path: pathOf('rules.json'), text: `${JSON.stringify({ groups: groups.map(told) }, null, 2)}\n` },
    { path: pathOf('dashboards.libsonnet'), text: dashboardList() },
  ]
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A group as Prometheus has it: comments are for people. */
const told = ({ name, rules }: (typeof groups)[number]): object => ({
  name,
  rules: rules.map(({ comment: _, ...rule }) => rule),
})

function dashboardList(): string {
  const names = dashboardFiles().map(({ path }) => basename(path))
  const lines = names.map((name) => `  '${name}': import '../grafana/dashboards/${name}',\n`)
  return `// From the files themselves: npm run mixin\n{\n${lines.sort().join('')}}\n`
}

if (import.meta.main) {
  for (const { path, text } of files()) {
    if (!process.argv.includes('--check')) writeFileSync(path, text)
    else if (readFileSync(path, 'utf8') !== text) {
      process.stderr.write(`${path} is not what the data says: run npm run mixin\n`)
      process.exitCode = 1
    }
  }
}
