import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** Notes which files are read, through the functions of node:fs, and how. */
export interface Recorder {
  /** From now on. */
  begin(): void
  /** What was read since, a line per access as floor.c takes it. */
  end(): readonly string[]
}

interface Access {
  readonly kind: 'f' | 'd' | 'l' | 'e'
  readonly path: string
  reads: number
}

/**
 * Puts itself between node:fs and whoever imports it from now on, named imports included. It only passes on while it
 * is not recording, but what is measured should run without it.
 */
export function installRecorder(): Recorder {
  let accesses: Access[] | undefined
  const open = new Map<number, Access>()

  function note(kind: Access['kind'], path: unknown): Access {
    const access = { kind, path: String(path), reads: 0 }
    accesses?.push(access)
    return access
  }

  const { openSync, readSync, closeSync, readFileSync, readdirSync, readlinkSync, existsSync, statSync } = fs
  Object.assign(fs, {
    openSync(...args: Parameters<typeof openSync>) {
      const access = note('f', args[0])
      const fd = openSync(...args)
      open.set(fd, access)
      return fd
    },
    readSync(...args: Parameters<typeof readSync>) {
      const access = open.get(args[0])
      if (access) access.reads++
      return readSync(...args)
    },
    closeSync(fd: number) {
      open.delete(fd)
      closeSync(fd)
    },
    readFileSync(...args: Parameters<typeof readFileSync>) {
      // It reads until nothing comes any more.
      note('f', args[0]).reads = 2
      return readFileSync(...args)
    },
    readdirSync: passing('d', readdirSync),
    readlinkSync: passing('l', readlinkSync),
    existsSync: passing('e', existsSync),
    statSync: passing('e', statSync),
  })
  syncBuiltinESMExports()

  function passing(kind: Access['kind'], original: (...args: never[]) => unknown): unknown {
    return (...args: never[]) => {
      note(kind, args[0])
      return original(...args)
    }
  }

  return {
    begin() {
      accesses = []
    },
    end() {
      const lines = (accesses ?? []).map(lineOf)
      accesses = undefined
      return lines
    },
  }
}

function lineOf({ kind, path, reads }: Access): string {
  return kind === 'f' ? `f ${reads} ${path}` : `${kind} ${path}`
}
