import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DebianMachine } from '../debian/machine.ts'
import { lookUp } from '../debian/suite.ts'
import { unpack } from '../debian/unpack.ts'
import { replaceLink } from '../system/files.ts'
import { folder } from '../system/paths.ts'

/** Unpacks packages of the machine's release, each into a folder of its own, with the libraries they need, however deep. */
export async function unpackWithLibraries(
  machine: DebianMachine,
  names: readonly string[],
): Promise<string[]> {
  const roots = new Map<string, string>()
  const left = [...names]
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (roots.has(name)) continue
    roots.set(name, await unpack(machine, machine.codename, name))
    const depends = (await lookUp(machine, machine.codename, name))?.depends ?? []
    // The C library must be the machine's own: its loader is the one that starts the program.
    left.push(...depends.filter((item) => /^z?lib/.test(item) && item !== 'libc6'))
  }
  return [...roots.values()]
}

/** Links every shared library of unpacked packages into one folder, for a library path of one entry. */
export function linkLibraries(roots: readonly string[], target: string): void {
  folder(target)
  for (const parent of roots.flatMap((root) => [join(root, 'lib'), join(root, 'usr/lib')])) {
    for (const multiarch of list(parent).filter((name) => name.endsWith('-linux-gnu'))) {
      const from = join(parent, multiarch)
      for (const library of list(from).filter((name) => /\.so(\.|$)/.test(name))) {
        replaceLink(join(from, library), join(target, library))
      }
    }
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
