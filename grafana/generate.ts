/**
 * Writes the dashboards that Grafana reads from grafana/dashboards. With `--check` it writes nothing and exits with
 * 1 if a file differs from what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { all } from './all.ts'

/** Every dashboard as the file that Grafana provisions: its name and its text. */
export function files(): { path: string; text: string }[] {
  return all().map((dashboard) => ({
    path: fileURLToPath(new URL(`dashboards/${dashboard.uid}.json`, import.meta.url)),
    text: `${JSON.stringify(dashboard, null, 2)}\n`,
  }))
}

if (import.meta.main) {
  for (const { path, text } of files()) {
    if (!process.argv.includes('--check')) await writeFile(path, text)
    else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
      console.error(`${path} is not what the generator writes: run npm run dashboards`)
      process.exitCode = 1
    }
  }
}
