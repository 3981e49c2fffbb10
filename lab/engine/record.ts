import { rmSync } from 'node:fs'
import { readJson, writeWhole } from '../system/files.ts'
import { places } from '../system/paths.ts'
import type { ProcessId } from '../system/process.ts'
import type { LabNetwork } from './network.ts'

/** What the lab started on this machine: written before each effect, so that a crash leaves nothing unknown. */
export interface EngineRecord {
  socketPath: string
  /** Sockets, pid files and mounts of the running engine. */
  runFolder: string
  network?: LabNetwork
  containerd?: ProcessId
  dockerd?: ProcessId
}

/** The record of an engine of our own, running or left behind by a crash. */
export function readRecord(): EngineRecord | undefined {
  const found = readJson(places.engineRecord)
  return isRecord(found) ? found : undefined
}

/** Keeps the record. */
export function writeRecord(record: EngineRecord): void {
  writeWhole(places.engineRecord, `${JSON.stringify(record, null, 2)}\n`)
}

/** Forgets the engine, after everything it left is gone. */
export function removeRecord(): void {
  rmSync(places.engineRecord, { force: true })
}

function isRecord(value: unknown): value is EngineRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'socketPath' in value &&
    'runFolder' in value &&
    typeof value.socketPath === 'string' &&
    typeof value.runFolder === 'string'
  )
}
