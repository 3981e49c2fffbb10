import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { download } from '../debian/download.ts'
import type { DebianMachine } from '../debian/machine.ts'
import { lookUp } from '../debian/suite.ts'
import { writeWhole } from '../system/files.ts'
import { folder, places } from '../system/paths.ts'
import { vmPlaces } from './places.ts'

const together = 6

/**
 * A mirror in a folder with the index of one suite, verified as the lab verifies every index, and no package yet. So
 * debootstrap needs no network, no wget and no keyring.
 */
export async function openMirror(machine: DebianMachine, suite: string): Promise<string> {
  // Any package will do: looking one up fetches and verifies the index.
  await lookUp(machine, suite, 'base-files')
  const name = `main/binary-${machine.architecture}/Packages.gz`
  const suiteFolder = join(vmPlaces.mirror, 'dists', suite)
  const index = join(folder(join(suiteFolder, name, '..')), 'Packages.gz')
  copyFileSync(join(places.indexes, `${suite}-${machine.architecture}.gz`), index)
  const sha256 = createHash('sha256').update(readFileSync(index)).digest('hex')
  const release = [
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Architectures: ${machine.architecture}`,
    'Components: main',
    'SHA256:',
    ` ${sha256} ${statSync(index).size} ${name}`,
  ]
  writeWhole(join(suiteFolder, 'Release'), `${release.join('\n')}\n`)
  return vmPlaces.mirror
}

/** Fetches packages into the mirror, where its index says they are. What is there is not fetched again. */
export async function fillMirror(
  machine: DebianMachine,
  suite: string,
  names: readonly string[],
): Promise<void> {
  const left = [...names]
  const worker = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const found = await lookUp(machine, suite, name)
      if (!found) throw new Error(`the index of Debian ${suite} main has no package ${name}`)
      const path = join(vmPlaces.mirror, found.filename)
      if (!existsSync(path)) await download(`${machine.mirror.uri}/${found.filename}`, path, found.sha256)
    }
  }
  await Promise.all(Array.from({ length: together }, worker))
}
