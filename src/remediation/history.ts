import { stackLabel } from '../census/labels.ts'
import { mayRestart } from './may-restart.ts'
import { type History, longestWindow } from './restraint.ts'
import type { RunPorts } from './run.ts'

/** Wants of so many milliseconds ago still count as wanted at once. */
const together = 60_000

/** What a history is told from. */
export type HistoryPorts = Pick<
  RunPorts,
  'journal' | 'inventory' | 'policyOf' | 'settings' | 'clock' | 'playbooks'
>

/** What the journal knows that may hold back a run on a container of this name. Throws SQLite's error. */
export function historyOf(
  name: string,
  { journal, inventory, policyOf, settings, clock, playbooks }: HistoryPorts,
): History {
  const now = clock.now()
  const known = playbooks()
  const wanted = journal.wanted(now - together).filter(({ playbook }) => known.find(playbook)?.acts)
  const candidates = inventory
    .containers()
    .filter((one) => one.state === 'running' && one.labels[stackLabel] === undefined)
    .filter((one) => policyOf(one).mode !== 'observe')
  return {
    deeds: journal.deeds(now - longestWindow(settings()) * 1000).map((deed) => {
      // It goes on, and may come to that yet.
      const restarts = deed.outcome === undefined && mayRestart(known.find(deed.playbook)?.steps ?? [])
      return restarts ? { ...deed, restarted: true } : deed
    }),
    releasedAt: journal.releasedAt(name),
    manual: journal.incidents.openOf(name)?.manual,
    stop: journal.stop(),
    wanting: new Set(wanted.map((one) => one.name)),
    candidates: candidates.length,
  }
}
