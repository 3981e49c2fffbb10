import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/** Coverage only knows of files that some test imports: here every one is. main.ts would start the service. */
const src = fileURLToPath(new URL('../src/', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
for (const file of files.filter((one) => one !== 'main.ts')) {
  t.ok(await import(new URL(file, new URL('../src/', import.meta.url)).href), file)
}
