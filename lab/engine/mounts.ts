import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { places } from '../system/paths.ts'
import { attempt } from '../system/run.ts'

/** The mount points at or below the given folders, the deepest first, from the text of /proc/self/mountinfo. */
export function mountsBelow(mountinfo: string, folders: readonly string[]): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
    )
    .filter((point) => folders.some((folder) => point === folder || point.startsWith(`${folder}/`)))
    .reverse()
}

/** Unmounts everything at or below the given folders. Throws with what stayed. */
export async function unmountBelow(folders: readonly string[]): Promise<void> {
  const read = () => mountsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), folders)
  for (const point of read()) {
    await attempt(join(places.bin, 'busybox'), ['umount', '-l', point], { deadline: 10_000 })
  }
  const left = read()
  if (left.length > 0)
    throw new Error(`Still mounted: ${left.join(', ')}. Unmount by hand: umount -l <folder>.`)
}
