import { join } from 'node:path'
import { folder, repository } from '../lab/system/paths.ts'

/** What the benchmark builds and keeps. */
export const cache = join(repository, '.cache', 'bench')

/** A file below the cache, whose folder is there. */
export function cached(name: string): string {
  return join(folder(cache), name)
}

/** A file of the repository. */
export function shipped(name: string): string {
  return join(repository, name)
}
