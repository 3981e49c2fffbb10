import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DebianMachine } from '../debian/machine.ts'
import { unpack } from '../debian/unpack.ts'
import { type RunOptions, run } from '../system/run.ts'
import { linkLibraries, unpackWithLibraries } from './packages.ts'
import { vmPlaces } from './places.ts'

/** A program that runs from its unpacked package, with libraries that no other program sees. */
export interface VmProgram {
  path: string
  env: Record<string, string>
}

/** What a virtual machine is made and run with. */
export interface VmPrograms {
  qemu: VmProgram
  /** Folders with the firmware and boot code that qemu loads. */
  firmware: readonly string[]
  mke2fs: VmProgram
  debugfs: VmProgram
  debootstrap: VmProgram
}

/** e2fsprogs needs these before it is unpacked at all (Pre-Depends), so they are no dependencies in the index. */
const diskPackages = ['e2fsprogs', 'libext2fs2', 'libcom-err2', 'libss2', 'libblkid1', 'libuuid1']

/** Unpacks qemu, what makes and reads disks, and debootstrap. Nothing is installed. */
export async function vmPrograms(machine: DebianMachine): Promise<VmPrograms> {
  const plain = (name: string) => unpack(machine, machine.codename, name)
  const [emulator = '', ...more] = await unpackWithLibraries(machine, ['qemu-system-x86'])
  // Their own dependencies are for graphics and sound.
  const common = await plain('qemu-system-common')
  const firmware = [
    join(await plain('qemu-system-data'), 'usr/share/qemu'),
    join(await plain('seabios'), 'usr/share/seabios'),
  ]
  const [disk = '', ...diskMore] = await unpackWithLibraries(machine, diskPackages)
  const bootstrap = await plain('debootstrap')
  const qemu = libraryEnv('qemu', more)
  qemu.QEMU_MODULE_DIR = join(common, 'usr/lib/x86_64-linux-gnu/qemu')
  const diskEnv = libraryEnv('disk', diskMore)
  return {
    qemu: program(emulator, ['usr/bin/qemu-system-x86_64'], qemu),
    firmware,
    mke2fs: program(disk, ['sbin/mke2fs', 'usr/sbin/mke2fs'], diskEnv),
    debugfs: program(disk, ['sbin/debugfs', 'usr/sbin/debugfs'], diskEnv),
    debootstrap: program(bootstrap, ['usr/sbin/debootstrap'], {
      DEBOOTSTRAP_DIR: join(bootstrap, 'usr/share/debootstrap'),
    }),
  }
}

/** Runs one of them to its end. */
export function runProgram(
  { path, env }: VmProgram,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  return run(path, args, { ...options, env: { ...options.env, ...env } })
}

function libraryEnv(name: string, roots: readonly string[]): Record<string, string> {
  const libraries = join(vmPlaces.libraries, name)
  linkLibraries(roots, libraries)
  return { LD_LIBRARY_PATH: libraries }
}

function program(root: string, paths: readonly string[], env: Record<string, string>): VmProgram {
  const path = paths.map((candidate) => join(root, candidate)).find((candidate) => existsSync(candidate))
  if (path === undefined) throw new Error(`there is no ${paths.join(' or ')} in ${root}`)
  return { path, env }
}
