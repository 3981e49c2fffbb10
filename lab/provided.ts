import { readJson, writeWhole } from './system/files.ts'
import { places } from './system/paths.ts'

/** What this machine could not provide: name (`docker`, `prometheus`, `image grafana/grafana:…`) to reason. */
export type Missing = Record<string, string>

/** Keeps for the tests what the lab could not provide. `started`: the engine was started for them and stops after them. */
export function writeProvided(missing: Missing, started: boolean): void {
  writeWhole(places.provided, `${JSON.stringify({ missing, started }, null, 2)}\n`)
}

/** Whether the tests' engine was started for them. */
export function startedForTests(): boolean {
  const found = readJson(places.provided)
  return typeof found === 'object' && found !== null && 'started' in found && found.started === true
}

/**
 * For a test's `skip`: false when everything it needs is there, else a text that names what it lacks and why.
 * `t.test('…', { skip: lacking('docker', 'prometheus') }, …)`
 */
export function lacking(...names: string[]): string | false {
  const missing = readMissing()
  const lacks = names.flatMap((name) => (missing[name] === undefined ? [] : [`${name} (${missing[name]})`]))
  return lacks.length > 0 ? `lacks ${lacks.join(', ')}` : false
}

function readMissing(): Missing {
  const found = readJson(places.provided)
  if (typeof found !== 'object' || found === null || !('missing' in found)) return {}
  const { missing } = found
  return typeof missing === 'object' && missing !== null ? { ...missing } : {}
}
