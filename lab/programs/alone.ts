import { forgetSuites } from '../debian/suite.ts'
import { withLock } from '../system/lock.ts'
import { places } from '../system/paths.ts'
import { type Programs, placedPrograms, providePrograms } from './provide.ts'
import type { Tool } from './tools.ts'

/** Provides programs without opening a lab, so that no engine is started for them. Throws when they cannot be had here. */
export async function provideAlone(
  tools: readonly Tool[],
  log: (line: string) => void = () => undefined,
): Promise<Programs> {
  const placed = placedPrograms(tools, false)
  if (placed !== undefined) return placed
  try {
    return await withLock(places.lock, 15 * 60_000, () => providePrograms(tools, false, log))
  } finally {
    forgetSuites()
  }
}
