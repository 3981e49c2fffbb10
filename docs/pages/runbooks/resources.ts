import { cpu } from './cpu.ts'
import { duplicates } from './duplicates.ts'
import { health } from './health.ts'
import { limits } from './limits.ts'
import { memory } from './memory.ts'
import { orphans } from './orphans.ts'
import { pids } from './pids.ts'
import { processes } from './processes.ts'
import { startup } from './startup.ts'
import type { ResourceTexts } from './texts.ts'
import { zombies } from './zombies.ts'

/** The texts of every resource, in the order of the census. */
export const texts: readonly ResourceTexts[] = [
  processes,
  pids,
  duplicates,
  orphans,
  zombies,
  memory,
  cpu,
  startup,
  limits,
  health,
]
