import { readFileSync } from 'node:fs'
import { shipped } from './places.ts'

/** A part of the Dockerfile. Throws when it is not there. */
function partOf(pattern: RegExp): string {
  const found = pattern.exec(readFileSync(shipped('Dockerfile'), 'utf8'))?.[1]
  if (found === undefined) throw new Error(`the Dockerfile has nothing like ${pattern}`)
  return found
}

/** The flags that the image starts Node with: what is measured runs under them. */
export function shippedFlags(): readonly string[] {
  const words: unknown = JSON.parse(partOf(/^ENTRYPOINT (\[.*\])$/m))
  return Array.isArray(words) ? words.filter((word) => String(word).startsWith('--')).map(String) : []
}

/** The environment of the image, as far as it is for the C library that Node runs on. */
export function shippedEnvironment(): Readonly<Record<string, string>> {
  return { MALLOC_ARENA_MAX: partOf(/^ENV .*\\\n(?:.*\\\n)*? +MALLOC_ARENA_MAX=(\d+)\b/m) }
}
