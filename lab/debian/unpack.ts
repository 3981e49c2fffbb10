import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { folder, places } from '../system/paths.ts'
import { run } from '../system/run.ts'
import { download } from './download.ts'
import type { DebianMachine } from './machine.ts'
import { lookUp } from './suite.ts'

/**
 * Unpacks a package of a suite into a folder of its own and returns the folder; nothing is installed and no script of
 * the package runs. What was unpacked once is used again without asking the mirror.
 */
export async function unpack(machine: DebianMachine, suite: string, name: string): Promise<string> {
  const target = join(places.packages, suite, name)
  if (existsSync(target)) return target
  const found = await lookUp(machine, suite, name)
  if (!found)
    throw new Error(`the index of Debian ${suite} main (${machine.architecture}) has no package ${name}`)
  const work = `${folder(join(places.packages, suite))}/.${name}.${process.pid}`
  const deb = `${work}.deb`
  try {
    await download(`${machine.mirror.uri}/${found.filename}`, deb, found.sha256)
    await run('dpkg', ['-x', deb, work], {
      deadline: 120_000,
      advice: `Is there room below ${places.packages}?`,
    })
    renameSync(work, target)
  } finally {
    rmSync(deb, { force: true })
    rmSync(work, { recursive: true, force: true })
  }
  return target
}

/** The folders with the shared libraries of a package, unpacked together with the libraries it depends on. */
export async function unpackLibraries(
  machine: DebianMachine,
  suite: string,
  name: string,
): Promise<string[]> {
  const depends = (await lookUp(machine, suite, name))?.depends ?? []
  const wanted = [name, ...depends.filter((item) => item.startsWith('lib') && item !== 'libc6')]
  const roots: string[] = []
  for (const item of wanted) roots.push(await unpack(machine, suite, item))
  return roots.flatMap(libraryFolders)
}

function libraryFolders(root: string): string[] {
  return ['lib', 'usr/lib'].flatMap((path) => {
    const parent = join(root, path)
    if (!existsSync(parent)) return []
    return readdirSync(parent)
      .filter((name) => name.endsWith('-linux-gnu'))
      .map((name) => join(parent, name))
  })
}
