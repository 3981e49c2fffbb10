import type { RunStory } from '../src/journal/records.ts'
import type { Alert } from './api.ts'

/** Prints what happens, once each, with the seconds since the leak began. */
export class Timeline {
  readonly #begun: number
  readonly #told = new Set<string>()

  /** `begun`: milliseconds since the epoch. */
  constructor(begun: number) {
    this.#begun = begun
  }

  /** A line, unless the same key was told before. `at` in milliseconds since the epoch. */
  tell(key: string, text: string, at = Date.now()): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    console.log(`${((at - this.#begun) / 1000).toFixed(1).padStart(7)} s  ${text}`)
  }

  alerts(alerts: readonly Alert[]): void {
    for (const { name, state, tier, playbook } of alerts) {
      if (state === 'firing')
        this.tell(`alert ${name}`, `prometheus    ${name} fires: tier ${tier}, playbook ${playbook}`)
    }
  }

  runs(runs: readonly RunStory[]): void {
    for (const run of runs) {
      this.tell(run.id, `alertmanager  delivers ${run.alert}`, run.receivedAt)
      if (run.startedAt !== undefined) {
        this.tell(
          `${run.id} start`,
          `pidwarden     begins ${run.playbook} (${run.tier} ${run.resource})`,
          run.startedAt,
        )
      }
      for (const step of run.steps) this.#step(step)
      if (run.ending === undefined) continue
      const { outcome, reason, detail } = run.ending
      this.tell(
        `${run.id} end`,
        `pidwarden     ${outcome}: ${reason}${detail ? ` (${detail})` : ''}`,
        run.endedAt,
      )
    }
  }

  #step({ id, action, effects, ending, endedAt }: RunStory['steps'][number]): void {
    const batches = Map.groupBy(
      effects,
      ({ signal, kind, intentAt }) => `${signal ?? kind} ${Math.round(intentAt / 500)}`,
    )
    for (const [key, batch] of batches) {
      const [first] = batch
      if (first === undefined) continue
      const commands = [...new Set(batch.map(({ command }) => command))].join(', ')
      const what = first.signal ? `${first.signal} to ${batch.length} processes of ${commands}` : first.kind
      this.tell(`${id} ${key}`, `pidwarden     ${action}: ${what}`, first.intentAt)
    }
    if (ending)
      this.tell(
        `${id} end`,
        `pidwarden     ${action}: ${ending.reason}${ending.detail ? `, ${ending.detail}` : ''}`,
        endedAt,
      )
  }
}
