import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { folder } from '../system/paths.ts'
import { identify } from '../system/process.ts'
import { vmPlaces } from './places.ts'

/** A folder of this process's own below the cache, and what dead processes left there is removed. */
export function makeRunFolder(name: string): string {
  for (const entry of readdirSync(folder(vmPlaces.runs))) {
    const pid = Number(entry.split('-')[1])
    if (!identify(pid)) rmSync(join(vmPlaces.runs, entry), { recursive: true, force: true })
  }
  return mkdtempSync(join(vmPlaces.runs, `${name}-${process.pid}-`))
}
