import { readFileSync } from 'node:fs'
import { shipped } from './places.ts'

/** The flags that the image starts Node with: what is measured runs under them. */
export function shippedFlags(): readonly string[] {
  const line = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(shipped('Dockerfile'), 'utf8'))?.[1]
  const words: unknown = JSON.parse(line ?? '[]')
  const flags = Array.isArray(words) ? words.filter((word) => String(word).startsWith('--')).map(String) : []
  if (line === undefined) throw new Error('the Dockerfile has no ENTRYPOINT in the form of a list')
  return flags
}
