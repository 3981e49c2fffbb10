import type { Action } from '../action.ts'
import { capCpu } from './cap-cpu.ts'
import { clampPids } from './clamp-pids.ts'
import { collectEvidence } from './collect-evidence.ts'
import { drainSessions } from './drain-sessions.ts'
import { enforceLimits } from './enforce-limits.ts'
import { killBusiest } from './kill-busiest.ts'
import { killDuplicates } from './kill-duplicates.ts'
import { killLargest } from './kill-largest.ts'
import { killOldest } from './kill-oldest.ts'
import { killOrphans } from './kill-orphans.ts'
import { pauseAndKill } from './pause-and-kill.ts'
import { purge } from './purge.ts'
import { reapZombies } from './reap-zombies.ts'
import { recreateContainer } from './recreate-container.ts'
import { restartContainer } from './restart-container.ts'

/** Every action by its name. */
export const actions = {
  'collect-evidence': collectEvidence,
  'clamp-pids': clampPids,
  'cap-cpu': capCpu,
  'pause-and-kill': pauseAndKill,
  'kill-orphans': killOrphans,
  'drain-sessions': drainSessions,
  'kill-duplicates': killDuplicates,
  'kill-oldest': killOldest,
  'kill-largest': killLargest,
  'kill-busiest': killBusiest,
  purge,
  'reap-zombies': reapZombies,
  'enforce-limits': enforceLimits,
  'restart-container': restartContainer,
  'recreate-container': recreateContainer,
} as const satisfies Record<string, Action>

/** An action by its name. */
export function findAction(name: string): Action | undefined {
  return Object.entries<Action>(actions).find(([known]) => known === name)?.[1]
}
