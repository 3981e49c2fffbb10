import type { RunStory } from '../../src/journal/records.ts'

/** Where the time goes between an alert and the first signal, milliseconds, as the journal has it. */
export interface Phases {
  /** From the alert until the first step: Docker asked, the container measured, the guard. */
  readonly admission: number
  /** collect-evidence, and the measurement after it. */
  readonly evidence: number
  /** kill-orphans, which finds none here, and the measurement after it. */
  readonly orphans: number
  /** From the beginning of kill-duplicates until its first signal is on file. */
  readonly plan: number
}

/** Reads them from a run of the playbook cleanup that has signalled. */
export function phasesOf({ receivedAt, steps }: RunStory): Phases {
  const [evidence, orphans, duplicates] = steps
  const intent = duplicates?.effects[0]?.intentAt
  if (evidence === undefined || orphans === undefined || duplicates === undefined || intent === undefined) {
    throw new Error(`a run of cleanup without a signal: ${JSON.stringify(steps)}`)
  }
  return {
    admission: evidence.startedAt - receivedAt,
    evidence: orphans.startedAt - evidence.startedAt,
    orphans: duplicates.startedAt - orphans.startedAt,
    plan: intent - duplicates.startedAt,
  }
}
