import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { debianMachine } from './debian/machine.ts'
import type { DebianPackage } from './debian/packages.ts'
import { forgetSuites, lookUp } from './debian/suite.ts'
import { unpack } from './debian/unpack.ts'
import type { OpenLabOptions } from './index.ts'
import { withLock } from './system/lock.ts'
import { folder, places } from './system/paths.ts'
import { run } from './system/run.ts'

/** Packages that are fetched and unpacked at once: most of them are small, and what takes long is to ask. */
const together = 6

/**
 * Sees to it that `places.chromium` is there: what stands in /usr/lib of a Debian system with Chromium. A container
 * of any Debian image that mounts it there can run /usr/lib/chromium/chromium, and keeps its own programs.
 */
export async function ensureChromium({ log = () => undefined }: OpenLabOptions = {}): Promise<void> {
  if (existsSync(places.chromium)) return
  // Images are made of the same packages: two that unpack one of them get into each other's way.
  await withLock(`${places.lock}-images`, 15 * 60_000, async () => {
    if (existsSync(places.chromium)) return
    const machine = await debianMachine(['chromium'])
    log('providing chromium from Debian packages')
    try {
      const wanted = await withLibraries(['chromium', 'chromium-common'], (name) =>
        lookUp(machine, machine.codename, name),
      )
      const roots: string[] = []
      const worker = async () => {
        for (let name = wanted.shift(); name !== undefined; name = wanted.shift())
          roots.push(await unpack(machine, machine.codename, name))
      }
      // Where one fails, the others do not go on to the next.
      await Promise.all(Array.from({ length: together }, worker)).finally(() => wanted.splice(0))
      await joinLibraries(roots, places.chromium)
    } finally {
      forgetSuites()
    }
  })
}

/**
 * These packages and the libraries that they need, however deep. Not GTK: only a Chromium with a window loads it, and
 * it brings a tenth of the whole.
 */
export async function withLibraries(
  names: readonly string[],
  find: (name: string) => Promise<Pick<DebianPackage, 'depends'> | undefined>,
): Promise<string[]> {
  const found = new Set<string>()
  const left = [...names]
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (found.has(name)) continue
    found.add(name)
    const depends = (await find(name))?.depends ?? []
    left.push(...depends.filter((item) => /^z?lib/.test(item) && !item.startsWith('libgtk-')))
  }
  return [...found]
}

/** Joins /lib and /usr/lib of unpacked packages in one folder. Its files are links: it takes no room of its own. */
export async function joinLibraries(roots: readonly string[], target: string): Promise<void> {
  const work = `${target}.${process.pid}`
  const parts = roots.flatMap((root) => ['lib', 'usr/lib'].map((path) => join(root, path)))
  const sources = parts.filter((path) => existsSync(path)).map((path) => `${path}/.`)
  try {
    await run('cp', ['--archive', '--link', ...sources, folder(work)], { deadline: 60_000 })
    renameSync(work, target)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
