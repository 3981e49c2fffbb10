import {
  accessSync,
  constants,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { folder } from './paths.ts'

/** Writes a file so that a reader sees the old text or the new one, never a part. */
export function writeWhole(path: string, text: string, mode = 0o644): void {
  folder(dirname(path))
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode })
  renameSync(temporary, path)
}

/** Makes `path` a link to `target`, in one step when it was there before. */
export function replaceLink(target: string, path: string): void {
  const temporary = `${path}.${process.pid}.tmp`
  rmSync(temporary, { force: true })
  symlinkSync(target, temporary)
  renameSync(temporary, path)
}

/** A JSON file's content, or undefined when there is none or it is no JSON (a full disk, an older format). */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** Whether a file can be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Where a program is on PATH, without the given folder. */
export function findOnPath(program: string, without: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((path) => path !== '' && path !== without)
  return folders.map((path) => join(path, program)).find(isExecutable)
}
