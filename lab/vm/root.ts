import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DebianMachine } from '../debian/machine.ts'
import { writeWhole } from '../system/files.ts'
import { folder } from '../system/paths.ts'
import { run } from '../system/run.ts'
import { place } from './customise.ts'
import { fillMirror, openMirror } from './mirror.ts'
import { vmPlaces } from './places.ts'
import type { VmPrograms } from './programs.ts'

/** The release inside of the machine: Debian stable, with cgroup v2, systemd's cgroup driver and a current Docker. */
export const release = 'trixie'

/** What is in it besides Debian's minimal base. */
export const packages = [
  'systemd-sysv',
  'linux-image-cloud-amd64',
  'initramfs-tools',
  'udev',
  'docker.io',
  'docker-cli',
  'iptables',
  'procps',
  'libstdc++6',
]

/** There before any package: no fsync for each file, no manuals, and an initrd that holds what this machine needs. */
export const plainFiles: Readonly<Record<string, string>> = {
  'etc/dpkg/dpkg.cfg.d/lab':
    'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n',
  'etc/initramfs-tools/conf.d/lab': 'MODULES=list\n',
  'usr/share/initramfs-tools/modules.d/lab': 'virtio_pci\nvirtio_blk\next4\n',
}

/** Makes the root file system as a tree and returns its folder, which is the caller's to move or to remove. */
export async function makeRoot(
  machine: DebianMachine,
  programs: VmPrograms,
  log: (line: string) => void,
): Promise<string> {
  const work = `${vmPlaces.root}.${process.pid}`
  const mirror = await openMirror(machine, release)
  // debootstrap asks for wget by name, and has no use for it with a mirror in a folder.
  writeWhole(join(vmPlaces.stubs, 'wget'), '#!/bin/sh\necho "$* is not in the mirror" >&2\nexit 1\n', 0o755)
  const debootstrap = async (...options: string[]) => {
    const { path, env } = programs.debootstrap
    const choice = ['--no-check-gpg', '--variant=minbase', `--include=${packages.join(',')}`, ...options]
    const args = [path, ...choice, release, work, `file://${mirror}`]
    // In namespaces of its own: what it mounts and starts goes with it, however it ends.
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    return run('unshare', [...namespaces, '/bin/sh', ...args], {
      deadline: 10 * 60_000,
      env: { ...env, LC_ALL: 'C', PATH: `${vmPlaces.stubs}:/usr/sbin:/usr/bin:/sbin:/bin` },
    })
  }
  try {
    rmSync(work, { recursive: true, force: true })
    const names = (await debootstrap('--print-debs')).trim().split(/\s+/)
    log(`fetching ${names.length} packages of Debian ${release}`)
    await fillMirror(machine, release, names)
    log(`making the root file system of Debian ${release}`)
    place(folder(work), plainFiles)
    await debootstrap()
    return work
  } catch (error) {
    rmSync(work, { recursive: true, force: true })
    throw error
  }
}
