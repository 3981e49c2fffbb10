import { readFileSync } from 'node:fs'
import t from 'tap'
import { families } from '../support/families.ts'

/** docs/metrics.md and README.md say what is exported, name by name. */
const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const named = (text: string): string[] => [
  ...new Set([...text.matchAll(/`(pidwarden_[a-z_]+)(?:\{[^`]*\})?`/g)].map(([, name = '']) => name)),
]

t.test('docs/metrics.md names every family, and nothing else', async (t) => {
  t.same(named(read('docs/metrics.md')).sort(), (await families()).sort())
})

t.test('README.md names nothing that does not exist', async (t) => {
  const exported = await families()
  for (const name of named(read('README.md'))) t.ok(exported.includes(name), name)
})
