import type { JournalReader } from '../journal/reader.ts'
import type { Runner } from '../remediation/runner.ts'
import type { Exposition } from './exposition.ts'

/** What the journal says was done, and what is being done. */
export function remediation(exposition: Exposition, journal: JournalReader, runner: Runner): () => void {
  const runs = exposition.counter('runs_total', 'Runs that have ended.', ['playbook', 'outcome', 'reason'])
  const steps = exposition.counter('actions_total', 'Steps that have ended.', ['action', 'outcome'])
  const signals = exposition.counter('signals_total', 'Signals that were sent.', ['signal'])
  const progress = exposition.gauge('remediation_in_progress', '1 while a run is at work on the container.', [
    'name',
  ])
  const stopped = exposition.gauge(
    'acting_stopped',
    '1 while a person has stopped all acting; counting goes on.',
  )
  const seconds = exposition.histogram('run_duration_seconds', 'How long runs took, from start to verdict.', [
    'playbook',
  ])
  const incidents = exposition.gauge('incident_active', '1 while an incident of the container is open.', [
    'name',
    'tier',
  ])
  const manual = exposition.gauge(
    'manual_intervention_required',
    '1 while a person is needed for the container, and nothing is done without one.',
    ['name'],
  )
  return () => {
    for (const { name, tier, manual: needed } of journal.incidents.open()) {
      incidents.set({ name, tier }, 1)
      manual.set({ name }, needed === undefined ? 0 : 1)
    }
    for (const { playbook, buckets, count, seconds: sum } of journal.durations()) {
      const cumulative = buckets.map((bucket) => ({ le: bucket.seconds, count: bucket.count }))
      seconds.set({ playbook }, { buckets: cumulative, count, sum })
    }
    stopped.set({}, journal.stop() === undefined ? 0 : 1)
    for (const { labels, count } of journal.runTally()) runs.set(labels, count)
    for (const { labels, count } of journal.actionTally()) steps.set(labels, count)
    for (const { labels, count } of journal.signalTally()) signals.set(labels, count)
    for (const name of runner.inProgress()) progress.set({ name }, 1)
  }
}
