/**
 * Writes the rules that Prometheus reads from prometheus/rules. With `--check` it writes nothing and exits with 1 if a
 * file differs from what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Document, isMap, isSeq } from 'yaml'
import { groups } from './alerts/index.ts'
import type { Group } from './alerts/rule.ts'

/** Every rule file: its name and its text. */
export function files(): { path: string; text: string }[] {
  return groups.map((group) => ({
    path: fileURLToPath(new URL(`rules/${group.name.replace('pidwarden-', '')}.yml`, import.meta.url)),
    text: textOf(group),
  }))
}

/** YAML as a person would write it: expressions as blocks, comments beside what they explain. */
function textOf({ name, comment, rules }: Group): string {
  const document = new Document({
    groups: [{ name, rules: rules.map(({ comment: _, ...rule }) => rule) }],
  })
  document.commentBefore = commented(`${comment}\n\nFrom the data in prometheus/alerts: npm run rules`)
  const nodes = document.getIn(['groups', 0, 'rules'])
  if (isSeq(nodes)) {
    for (const [index, node] of nodes.items.entries()) {
      const why = rules[index]?.comment
      if (!isMap(node)) continue
      if (why !== undefined) node.commentBefore = commented(why)
      node.spaceBefore = index > 0
    }
  }
  return document.toString({ lineWidth: 0, blockQuote: 'literal' })
}

const commented = (text: string): string => text.replaceAll(/^(?=.)/gm, ' ')

if (import.meta.main) {
  for (const { path, text } of files()) {
    if (!process.argv.includes('--check')) await writeFile(path, text)
    else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
      process.stderr.write(`${path} is not what the data says: run npm run rules\n`)
      process.exitCode = 1
    }
  }
}
