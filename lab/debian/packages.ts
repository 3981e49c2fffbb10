import { compareVersions } from './versions.ts'

/** One package as a Debian index describes it. */
export interface DebianPackage {
  name: string
  version: string
  /** Path of the .deb below the mirror. */
  filename: string
  sha256: string
  /** Names of the packages it depends on, the first of each alternative. */
  depends: string[]
}

/** Finds a package by name in the text of a `Packages` file; the newest when there are several. */
export function findPackage(index: string, name: string): DebianPackage | undefined {
  let newest: DebianPackage | undefined
  const heading = `Package: ${name}\n`
  for (let at = index.indexOf(heading); at >= 0; at = index.indexOf(heading, at + 1)) {
    if (at > 0 && index[at - 1] !== '\n') continue
    const end = index.indexOf('\n\n', at)
    const found = parseStanza(index.slice(at, end < 0 ? undefined : end))
    if (found && (!newest || compareVersions(found.version, newest.version) > 0)) newest = found
  }
  return newest
}

/** One stanza of the index, or undefined when it lacks what is needed to fetch and verify the package. */
function parseStanza(stanza: string): DebianPackage | undefined {
  const field = (key: string) => stanza.match(new RegExp(`^${key}: *(.*)$`, 'm'))?.[1]?.trim()
  const name = field('Package')
  const version = field('Version')
  const filename = field('Filename')
  const sha256 = field('SHA256')
  if (!name || !version || !filename || !sha256) return undefined
  return { name, version, filename, sha256, depends: parseDepends(field('Depends') ?? '') }
}

function parseDepends(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.split('|')[0]?.match(/[a-z0-9][a-z0-9+.-]*/)?.[0])
    .filter((item) => item !== undefined)
}

/** The SHA256 of one file of a suite, from the suite's `Release` text. */
export function releaseChecksum(release: string, path: string): string | undefined {
  const section = release.split(/^SHA256:\s*$/m)[1]?.split(/^\S/m)[0]
  for (const line of section?.split('\n') ?? []) {
    const [sha256, , name] = line.trim().split(/\s+/)
    if (name === path) return sha256
  }
  return undefined
}
