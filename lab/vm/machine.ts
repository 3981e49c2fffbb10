import { createHash } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type DebianMachine, debianMachine } from '../debian/machine.ts'
import { forgetSuites } from '../debian/suite.ts'
import { LabError, reason } from '../system/error.ts'
import { readJson, writeWhole } from '../system/files.ts'
import { withLock } from '../system/lock.ts'
import { customise, files, masked } from './customise.ts'
import { makeDisk } from './disk.ts'
import { vmPlaces } from './places.ts'
import { type VmPrograms, vmPrograms } from './programs.ts'
import { makeRoot, packages, plainFiles, release } from './root.ts'

/** A machine that can be switched on. */
export interface VmMachine {
  programs: VmPrograms
  kernel: string
  initrd: string
  /** Never written to. */
  disk: string
}

/** What is kept between runs. */
interface Made {
  /** Of the tree and of the disk: the disk is made anew more easily. */
  recipes: { root: string; disk: string }
  machine: VmMachine
}

/** A first run downloads about 200 MB; whoever comes second waits for it. */
const lockDeadline = 20 * 60_000

const digest = (...parts: unknown[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex')
const root = digest(release, packages, plainFiles)
const recipes = { root, disk: digest(root, files, masked) }

/** Provides the machine; something is made only the first time and after a change of its recipe. */
export async function provideMachine(log: (line: string) => void): Promise<VmMachine> {
  return withLock(vmPlaces.lock, lockDeadline, async () => {
    const made = readMade()
    if (made?.recipes.disk === recipes.disk) return made.machine
    const host = await debianMachine(['vm'])
    try {
      return await make(host, made, log)
    } catch (error) {
      if (error instanceof LabError) throw error
      const todo = `check the mirror and the free space, remove ${vmPlaces.root} if it is damaged, and try again`
      throw new LabError(['vm'], `making a virtual machine: ${reason(error)}`, todo, { cause: error })
    } finally {
      forgetSuites()
    }
  })
}

async function make(
  host: DebianMachine,
  made: Made | undefined,
  log: (line: string) => void,
): Promise<VmMachine> {
  log("unpacking qemu and what makes disks from Debian's packages")
  const programs = await vmPrograms(host)
  if (made?.recipes.root !== recipes.root) {
    const tree = await makeRoot(host, programs, log)
    rmSync(vmPlaces.root, { recursive: true, force: true })
    renameSync(tree, vmPlaces.root)
  }
  customise(vmPlaces.root)
  log('making the disk')
  await makeDisk(programs, vmPlaces.root, vmPlaces.disk, '6G')
  const boot = join(vmPlaces.root, 'boot')
  const file = (prefix: string) => {
    const name = readdirSync(boot).find((name) => name.startsWith(prefix))
    if (name === undefined) throw new Error(`there is no ${prefix}* in ${boot}`)
    return join(boot, name)
  }
  const machine: VmMachine = {
    programs,
    kernel: file('vmlinuz-'),
    initrd: file('initrd.img-'),
    disk: vmPlaces.disk,
  }
  writeWhole(vmPlaces.record, `${JSON.stringify({ recipes, machine } satisfies Made, null, 2)}\n`)
  return machine
}

/** Of a former run; nothing when a part of it is gone. */
function readMade(): Made | undefined {
  const found = readJson(vmPlaces.record)
  if (!isMade(found)) return undefined
  const { programs, kernel, initrd, disk } = found.machine
  const paths = [kernel, initrd, disk, programs.qemu.path, programs.mke2fs.path, programs.debugfs.path]
  return paths.every((path) => existsSync(path)) ? found : undefined
}

function isMade(value: unknown): value is Made {
  return typeof value === 'object' && value !== null && 'recipes' in value && 'machine' in value
}
