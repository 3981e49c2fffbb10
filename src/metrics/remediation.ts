import type { Registry } from 'prom-client'
import type { JournalReader } from '../journal/reader.ts'
import type { Runner } from '../remediation/runner.ts'
import { counter, gauge, reset } from './family.ts'

/** What the journal says was done, and what is being done. */
export function remediation(registry: Registry, journal: JournalReader, runner: Runner): () => void {
  const runs = counter(registry, 'runs_total', 'Runs that have ended.', ['playbook', 'outcome', 'reason'])
  const steps = counter(registry, 'actions_total', 'Steps that have ended.', ['action', 'outcome'])
  const signals = counter(registry, 'signals_total', 'Signals that were sent.', ['signal'])
  const progress = gauge(registry, 'remediation_in_progress', '1 while a run is at work on the container.', [
    'name',
  ])
  return () => {
    reset([runs, steps, signals, progress])
    for (const { labels, count } of journal.runTally()) runs.inc(labels, count)
    for (const { labels, count } of journal.actionTally()) steps.inc(labels, count)
    for (const { labels, count } of journal.signalTally()) signals.inc(labels, count)
    for (const name of runner.inProgress()) progress.set({ name }, 1)
  }
}
