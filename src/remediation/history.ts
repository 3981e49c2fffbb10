import { stackLabel } from '../census/labels.ts'
import { acts } from './match.ts'
import { findPlaybook } from './playbooks/index.ts'
import { type History, longestWindow } from './restraint.ts'
import type { RunPorts } from './run.ts'

/** Wants of so many milliseconds ago still count as wanted at once. */
const together = 60_000

/** What a history is told from. */
export type HistoryPorts = Pick<RunPorts, 'journal' | 'inventory' | 'policyOf' | 'settings' | 'clock'>

/** What the journal knows that may hold back a run on a container of this name. Throws SQLite's error. */
export function historyOf(
  name: string,
  { journal, inventory, policyOf, settings, clock }: HistoryPorts,
): History {
  const now = clock.now()
  const wanted = journal.wanted(now - together).filter(({ playbook }) => {
    const found = findPlaybook(playbook)
    return found !== undefined && acts(found)
  })
  const candidates = inventory
    .containers()
    .filter((one) => one.state === 'running' && one.labels[stackLabel] === undefined)
    .filter((one) => policyOf(one).mode !== 'observe')
  return {
    deeds: journal.deeds(now - longestWindow(settings()) * 1000),
    releasedAt: journal.releasedAt(name),
    stop: journal.stop(),
    wanting: new Set(wanted.map((one) => one.name)),
    candidates: candidates.length,
  }
}
