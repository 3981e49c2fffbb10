import type { Action } from '../action.ts'
import { clampPids } from './clamp-pids.ts'
import { collectEvidence } from './collect-evidence.ts'
import { killDuplicates } from './kill-duplicates.ts'
import { killOrphans } from './kill-orphans.ts'
import { restartContainer } from './restart-container.ts'

/** Every action by its name. */
export const actions = {
  'collect-evidence': collectEvidence,
  'clamp-pids': clampPids,
  'kill-orphans': killOrphans,
  'kill-duplicates': killDuplicates,
  'restart-container': restartContainer,
} as const satisfies Record<string, Action>

/** An action by its name. */
export function findAction(name: string): Action | undefined {
  return Object.entries<Action>(actions).find(([known]) => known === name)?.[1]
}
