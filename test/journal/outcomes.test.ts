import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { outcomes, reasons } from '../../src/journal/outcomes.ts'
import { skipReasons } from '../../src/remediation/webhook.ts'
import { root } from '../support/tools.ts'

t.test('the words are those that log, journal, metrics and docs have in common', async (t) => {
  t.same([...outcomes].sort(), [
    'cancelled',
    'dry_run',
    'failed',
    'fixed',
    'improved',
    'ineffective',
    'interrupted',
    'regressed',
    'skipped',
    'superseded',
    'unknown',
  ])
  for (const words of [outcomes, reasons, skipReasons]) {
    t.equal(new Set(words).size, words.length, 'no word twice')
    for (const word of words) t.match(word, /^[a-z]+(_[a-z]+)*$/)
  }
})

t.test('whatever a shipped query or page filters by is one of the words', async (t) => {
  const known: readonly string[] = [...outcomes, ...reasons, ...skipReasons]
  const files = globSync(['prometheus/rules/*.yml', 'grafana/**/*.{ts,json}', 'docs/**/*.md', '*.md'], {
    cwd: root,
  })
  t.ok(files.length > 3)
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, label, value = ''] of text.matchAll(/\b(outcome|reason)\s*=~?\s*\\?"([^"\\]+)\\?"/g)) {
      for (const word of value.split('|')) t.ok(known.includes(word), `${file}: ${label}="${word}"`)
    }
  }
})

t.test('no word is dead: each is given somewhere', async (t) => {
  const texts = globSync('src/**/*.ts', { cwd: root })
    .filter((file) => !file.endsWith('outcomes.ts') && !file.endsWith('webhook.ts'))
    .map((file) => readFileSync(join(root, file), 'utf8'))
  for (const word of [...outcomes, ...reasons, ...skipReasons]) {
    t.ok(
      texts.some((text) => text.includes(`'${word}'`)),
      word,
    )
  }
})
