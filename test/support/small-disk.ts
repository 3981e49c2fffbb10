import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { emptyFolder } from './folder.ts'

/** A file system of a few megabytes, of the test's own. */
export interface SmallDisk {
  readonly folder: string
  /** Takes every block that is left. */
  fill(): void
  /** Gives them back. */
  empty(): void
  /** Only while nobody has a file of it open for writing. */
  mayBeWritten(allowed: boolean): void
}

/** Mounts one; undefined after the test was skipped by name, or failed under CI, where nobody may mount. */
export function mountSmallDisk(t: Test): SmallDisk | undefined {
  const folder = emptyFolder(t)
  const refused = run('mount', '-t', 'tmpfs', '-o', 'size=16m', 'pidwarden-test', folder)
  if (refused !== undefined) {
    if (process.env.CI === 'true') t.fail(`a small disk is needed under CI: ${refused}`)
    else t.plan(0, `no small disk: ${refused}`)
    return undefined
  }
  // Lazily: whoever still has a file of it open ends with the test too.
  t.teardown(() => run('umount', '--lazy', folder))
  const filler = join(folder, 'filler')
  return {
    folder,
    fill() {
      const file = openSync(filler, 'a')
      try {
        // The last blocks are too few for a large piece.
        for (const size of [1 << 20, 1 << 12]) while (append(file, size));
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filler),
    mayBeWritten(allowed) {
      const failed = run('mount', '-o', `remount,${allowed ? 'rw' : 'ro'}`, folder)
      if (failed !== undefined) throw new Error(failed)
    },
  }
}

/** False when there is no room. */
function append(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) > 0
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false
    throw error
  }
}

/** What went wrong; undefined when nothing did. */
function run(program: string, ...args: string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  return status === 0 ? undefined : (error?.message ?? stderr.trim())
}
