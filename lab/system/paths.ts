import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The repository this file belongs to. */
export const repository = resolve(import.meta.dirname, '../..')

/** Everything the lab keeps between runs. Removing it is always safe after closeLab, and gives fresh packages. */
export const cache = join(repository, '.cache', 'lab')

/** Tells labs of several checkouts on one machine apart. */
export const labId = createHash('sha256').update(repository).digest('hex').slice(0, 8)

/** Where things are below the cache. */
export const places = {
  /** Programs as links and wrappers: the only folder that goes on PATH. */
  bin: join(cache, 'bin'),
  packages: join(cache, 'packages'),
  indexes: join(cache, 'indexes'),
  images: join(cache, 'images'),
  chromium: join(cache, 'chromium'),
  dockerConfig: join(cache, 'docker-config'),
  data: join(cache, 'data'),
  logs: join(cache, 'logs'),
  lock: join(cache, 'lock'),
  engineRecord: join(cache, 'engine.json'),
  provided: join(cache, 'provided.json'),
} as const

/** Sockets live here and not in the cache: a unix socket's path is limited to 107 bytes. */
export function runFolder(): string {
  return join(tmpdir(), `pidwarden-${labId}`)
}

/** Makes a folder with its parents and returns it. */
export function folder(path: string): string {
  mkdirSync(path, { recursive: true })
  return path
}
