import { join } from 'node:path'
import { cache } from '../system/paths.ts'

const vm = join(cache, 'vm')

/** Where the virtual machine's parts are below the lab's cache. */
export const vmPlaces = {
  /** Links to the libraries of unpacked programs, a folder for each program. */
  libraries: join(vm, 'libraries'),
  /** Programs that are asked for and never used. */
  stubs: join(vm, 'stubs'),
  /** A piece of a Debian mirror: what the root file system is made from. */
  mirror: join(vm, 'mirror'),
  /** The root file system as a tree; kernel and initrd are read from it. */
  root: join(vm, 'root'),
  /** The same as a disk. */
  disk: join(vm, 'root.img'),
  /** What was made, and by which recipe. */
  record: join(vm, 'machine.json'),
  /** Job disks and consoles of the machines that run now. */
  runs: join(vm, 'runs'),
  /** Consoles of the machines that failed. */
  logs: join(vm, 'logs'),
  lock: join(vm, 'lock'),
} as const
