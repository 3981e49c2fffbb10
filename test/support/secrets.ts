import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** A command line that holds a secret, and what it is an example of. */
export interface SecretLine {
  readonly what: string
  readonly argv: readonly string[]
  readonly secret: string
}

const file = new URL('../fixtures/commands/secrets.yaml', import.meta.url)

/** The corpus. */
export const secretLines: readonly SecretLine[] = parse(readFileSync(file, 'utf8'), { schema: 'failsafe' })

/** Few enough for one container that the metrics name every command, and sum none of them up under `other`. */
export const containersFull: readonly (readonly SecretLine[])[] = [0, 50, 100, 150].map((from) =>
  secretLines.slice(from, from === 150 ? undefined : from + 50),
)

/** What the kernel calls the process of a command line: the file of the program, or the title that it gave itself. */
export function kernelName([first = '']: readonly string[]): string {
  return (first.startsWith('/') ? first.slice(first.lastIndexOf('/') + 1) : first).slice(0, 15)
}

/**
 * Secrets in other places than command lines. They are made of words that no rule about random strings would catch,
 * and of none that any output has by itself.
 */
export const planted = {
  containerEnvironment: 'zorblatt-queenfish',
  processEnvironment: 'wibblethorpe-marmot',
  workingDirectory: 'gumboil-falsetto',
  argumentOfInit: 'snollygoster-nine',
  labelOfOthers: 'taradiddle-cwtch',
  refusedLabel: 'bumfuzzle-yonderly',
  annotation: 'lollygag-widdershins',
  labelOfAlert: 'cattywampus-ninnyhammer',
  body: 'flibbertigibbet-kerfuffle',
  query: 'gardyloo-xertz',
  wrongToken: 'collywobbles-erinaceous',
} as const

/** How one secret may be written, beside as it is. */
const writings: Readonly<Record<string, (secret: string) => readonly string[]>> = {
  json: (secret) => [JSON.stringify(secret).slice(1, -1)],
  url: (secret) => [
    encodeURIComponent(secret),
    encodeURI(secret),
    encodeURIComponent(encodeURIComponent(secret)),
  ],
  // What stands before the secret decides how its bits fall into letters: there are three ways.
  base64: (secret) =>
    [0, 1, 2].flatMap((before) => {
      const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
      const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)]
      return [bytes.toString('base64').slice(from, to), bytes.toString('base64url').slice(from, to)]
    }),
  hex: (secret) => ['', ' '].map((between) => bytesOf(secret, 16).join(between)),
  // A buffer in JSON is a list of numbers.
  bytes: (secret) => [',', ', ', ',\n'].map((between) => bytesOf(secret, 10).join(between)),
}

function bytesOf(secret: string, radix: 10 | 16): string[] {
  return [...Buffer.from(secret)].map((byte) => byte.toString(radix).padStart(radix === 16 ? 2 : 0, '0'))
}

/** As much of a secret as gives it away. */
const clue = 8

/** Every run of so many characters, so that a secret that was cut short is found as well. */
function fragments(secret: string): string[] {
  if (secret.length < clue) throw new Error(`${secret} is too short to be told from what is there by chance`)
  return Array.from({ length: secret.length - clue + 1 }, (_, at) => secret.slice(at, at + clue))
}

/** What to look for, by its beginning, so that a text is gone through once for all of it. */
type Wanted = ReadonlyMap<string, readonly { readonly pattern: string; readonly what: string }[]>

function wantedOf(secrets: readonly string[]): Wanted {
  const patterns = new Map<string, string>()
  for (const secret of new Set(secrets)) {
    for (const fragment of fragments(secret)) patterns.set(fragment.toLowerCase(), secret)
    for (const [way, write] of Object.entries(writings)) {
      for (const written of write(secret)) {
        if (written !== secret) patterns.set(written.toLowerCase(), `${secret} as ${way}`)
      }
    }
  }
  const all = [...patterns].map(([pattern, what]) => ({ pattern, what }))
  return Map.groupBy(all, ({ pattern }) => pattern.slice(0, clue))
}

/** Looks for secrets in outputs, by their names. What is found is told with what stands around it, once a way. */
export function findSecrets(
  outputs: Readonly<Record<string, string | Buffer>>,
  secrets: readonly string[],
): string[] {
  const wanted = wantedOf(secrets)
  return Object.entries(outputs).flatMap(([name, output]) => {
    const text = output.toString('latin1')
    // Whoever writes a secret in capitals has written it all the same.
    const low = text.toLowerCase()
    const found = new Map<string, string>()
    for (let at = 0; at <= low.length - clue; at++) {
      for (const { pattern, what } of wanted.get(low.slice(at, at + clue)) ?? []) {
        if (found.has(what) || !low.startsWith(pattern, at)) continue
        found.set(what, `${name}: ${what}, in ${JSON.stringify(text.slice(Math.max(0, at - 60), at + 80))}`)
      }
    }
    return [...found.values()]
  })
}
