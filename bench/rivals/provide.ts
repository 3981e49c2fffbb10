import { realpathSync } from 'node:fs'
import { forgetSuites } from '../../lab/debian/suite.ts'
import { providePrograms } from '../../lab/programs/provide.ts'
import { benchTools } from '../../lab/programs/tools.ts'
import { reason } from '../../lab/system/error.ts'
import { withLock } from '../../lab/system/lock.ts'
import { places } from '../../lab/system/paths.ts'
import { NotMeasured } from '../benchmark.ts'

/** Where a program to compare with is; nothing is installed for it. */
export async function provide(name: string, log: (line: string) => void): Promise<string> {
  const tools = benchTools.filter((tool) => tool.name === name)
  try {
    const programs = await withLock(places.lock, 15 * 60_000, () => providePrograms(tools, false, log))
    return realpathSync(programs.get(name) ?? name)
  } catch (error) {
    throw new NotMeasured(reason(error))
  } finally {
    forgetSuites()
  }
}
