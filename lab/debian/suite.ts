import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { findOnPath } from '../system/files.ts'
import { places } from '../system/paths.ts'
import { run } from '../system/run.ts'
import { download } from './download.ts'
import type { DebianMachine } from './machine.ts'
import { type DebianPackage, findPackage, releaseChecksum } from './packages.ts'

const freshFor = 24 * 60 * 60 * 1000
const loaded = new Map<string, Promise<string>>()

/** Looks a package up in a suite (`bookworm`, `unstable`, …) by name: suites move, file names must not be pinned. */
export async function lookUp(
  machine: DebianMachine,
  suite: string,
  name: string,
): Promise<DebianPackage | undefined> {
  let index = loaded.get(suite)
  if (!index) {
    index = load(machine, suite)
    loaded.set(suite, index)
  }
  return findPackage(await index, name)
}

/** Lets go of the indexes: they take tens of megabytes each. */
export function forgetSuites(): void {
  loaded.clear()
}

async function load(machine: DebianMachine, suite: string): Promise<string> {
  const path = join(places.indexes, `${suite}-${machine.architecture}.gz`)
  if (!existsSync(path) || Date.now() - statSync(path).mtimeMs > freshFor)
    await fetchIndex(machine, suite, path)
  return gunzipSync(readFileSync(path)).toString('utf8')
}

async function fetchIndex(machine: DebianMachine, suite: string, path: string): Promise<void> {
  const base = `${machine.mirror.uri}/dists/${suite}`
  const signed = join(places.indexes, `${suite}.InRelease`)
  await download(`${base}/InRelease`, signed)
  const name = `main/binary-${machine.architecture}/Packages.gz`
  const sha256 = releaseChecksum(await verified(machine, signed), name)
  if (!sha256)
    throw new Error(`${base}/InRelease lists no ${name}: the mirror does not carry this architecture`)
  await download(`${base}/${name}`, path, sha256)
}

/** The signed text. gpgv comes with apt; a machine without both has to trust its mirror. */
async function verified(machine: DebianMachine, signed: string): Promise<string> {
  const { keyring } = machine.mirror
  const gpgv = findOnPath('gpgv', places.bin)
  if (!gpgv || !existsSync(keyring)) return readFileSync(signed, 'utf8')
  return run(gpgv, ['--keyring', keyring, '--output', '-', signed], {
    deadline: 30_000,
    advice: "The mirror's signature does not hold: update debian-archive-keyring, or choose another mirror.",
  })
}
