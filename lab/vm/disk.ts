import { rmSync } from 'node:fs'
import { runProgram, type VmPrograms } from './programs.ts'

/** Makes a disk image of the files in a folder, with room left over. Sparse: only what is written takes space. */
export async function makeDisk(
  programs: VmPrograms,
  from: string,
  image: string,
  size: string,
): Promise<void> {
  rmSync(image, { force: true })
  const options = ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', from, image, size]
  await runProgram(programs.mke2fs, options, {
    deadline: 5 * 60_000,
    advice: `Is there room for ${image}?`,
  })
}

/** Copies a folder out of a disk image into an existing folder of this machine. */
export async function readDisk(
  programs: VmPrograms,
  image: string,
  path: string,
  target: string,
): Promise<void> {
  // debugfs ends with 0 whatever happens; rdump puts the folder itself below the target.
  await runProgram(programs.debugfs, ['-R', `rdump ${path} ${target}`, image], { deadline: 60_000 })
}
