import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { debianMachine } from '../debian/machine.ts'
import { unpack } from '../debian/unpack.ts'
import { clientTools } from '../programs/tools.ts'
import { unpackTool } from '../programs/unpack.ts'
import { run } from '../system/run.ts'
import type { ImageFile, ImageSpec } from './spec.ts'

/** Debian's folders that are links into /usr; older releases' packages still name them themselves. */
const merged = ['bin', 'sbin', 'lib', 'lib64']

/** Assembles an image's root file system in an empty folder. */
export async function assemble(spec: ImageSpec, root: string): Promise<void> {
  const machine = await debianMachine(['images'])
  for (const name of merged) {
    mkdirSync(join(root, 'usr', name), { recursive: true })
    symlinkSync(`usr/${name}`, join(root, name))
  }
  for (const name of spec.packages) addPackage(await unpack(machine, machine.codename, name), root)
  for (const tool of clientTools.filter(({ name }) => spec.tools.includes(name))) {
    const { root: unpacked, program } = await unpackTool(machine, tool)
    addPackage(unpacked, root)
    addLink(root, `bin/${tool.name}`, basename(program))
  }
  await addApplets(root)
  for (const file of spec.files) addFile(root, file)
  for (const { path, target } of spec.links) addLink(root, path, target)
  for (const { path, uid, mode } of spec.folders) {
    const folder = join(root, path)
    mkdirSync(folder, { recursive: true })
    chownSync(folder, uid, uid)
    chmodSync(folder, mode)
  }
}

function addPackage(unpacked: string, root: string): void {
  for (const name of readdirSync(unpacked)) {
    cpSync(join(unpacked, name), join(root, merged.includes(name) ? `usr/${name}` : name), {
      recursive: true,
      verbatimSymlinks: true,
      // Of what packages bring for people, an image needs nothing.
      filter: (path) => !/\/usr\/share\/(doc|man|lintian)$/.test(path),
    })
  }
}

/** A command for every applet, unless a package brought the real one. */
async function addApplets(root: string): Promise<void> {
  const applets = await run(join(root, 'bin/busybox'), ['--list'], { deadline: 10_000 })
  for (const applet of applets.split('\n').filter((name) => name !== '' && name !== 'busybox')) {
    addLink(root, `bin/${applet}`, 'busybox')
  }
}

function addFile(root: string, { path, from, text }: ImageFile): void {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  if (from === undefined) writeFileSync(target, text ?? '', { mode: 0o644 })
  // Links are followed: a program's place in the lab is a link.
  else cpSync(from, target, { recursive: true, dereference: true })
}

function addLink(root: string, path: string, target: string): void {
  const link = join(root, path)
  mkdirSync(dirname(link), { recursive: true })
  if (!existsSync(link)) symlinkSync(target, link)
}
