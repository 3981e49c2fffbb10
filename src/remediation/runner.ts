import { rank, type Tier, tiers } from '../census/presets.ts'
import { errorMessage } from '../host/reading.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Run } from '../journal/records.ts'
import { RunStop } from './action.ts'
import { execute, type RunPorts } from './run.ts'

/** Where the runner says what it does. */
export interface RunnerLog {
  info(details: object, message: string): void
  error(details: object, message: string): void
}

/** Takes queued runs and carries them out: one at a time for a container, containers side by side. */
export interface Runner {
  /** The run is in the journal already. */
  submit(run: Run): void
  /** True while a run of this id is at work or waits. */
  knows(id: string): boolean
  /** Names of the containers that a run is at work on. */
  inProgress(): readonly string[]
  /** Ends what waits, and what is at work at the next safe point. What is submitted later is taken all the same. */
  halt(ending: Ending): void
  /** Takes no more, cancels what can be cancelled, and waits until the rest is over. */
  drain(): Promise<void>
}

interface Active {
  readonly run: Run
  readonly cancel: AbortController
  readonly done: Promise<void>
}

const position = ({ tier }: Run): number => rank(tiers.find((one): one is Tier => one === tier) ?? 'normal')

/** A runner without work. */
export function createRunner(ports: RunPorts, log: RunnerLog): Runner {
  const active = new Map<string, Active>()
  /** Per container, highest tier first. */
  const waiting = new Map<string, Run[]>()
  let draining = false

  function submit(run: Run): void {
    if (draining) return
    const current = active.get(run.containerId)
    const queue = waiting.get(run.containerId) ?? []
    if (current === undefined && queue.length === 0) {
      start(run)
      return
    }
    // One jump of a count can bring two tiers together: the higher covers the lower.
    const higher: Ending = {
      outcome: 'superseded',
      reason: 'higher_tier',
      detail: `by ${run.tier} ${run.resource}`,
    }
    for (const lower of queue.filter((one) => position(one) < position(run))) end(lower, higher)
    const rest = queue.filter((one) => position(one) >= position(run))
    const above = [...rest, ...(current ? [current.run] : [])].find((one) => position(one) > position(run))
    if (above !== undefined) {
      end(run, { ...higher, detail: `by ${above.tier} ${above.resource}` })
      waiting.set(run.containerId, rest)
      return
    }
    waiting.set(run.containerId, [...rest, run])
    if (current !== undefined && position(current.run) < position(run))
      current.cancel.abort(new RunStop(higher))
  }

  function end(run: Run, ending: Ending): void {
    try {
      ports.journal.endRun(run.id, ending)
      report(run, ending)
    } catch (error) {
      log.error({ run: run.id, error: errorMessage(error) }, 'the journal could not be written')
    }
  }

  function start(run: Run): void {
    const cancel = new AbortController()
    const deadline = new AbortController()
    const seconds = ports.settings().runDeadline
    const late: Ending = { outcome: 'cancelled', reason: 'deadline', detail: `not over within ${seconds} s` }
    ports.clock.sleep(seconds * 1000, deadline.signal).then(
      () => cancel.abort(new RunStop(late)),
      () => {},
    )
    log.info({ run: run.id, container: run.name, playbook: run.playbook, tier: run.tier }, 'run started')
    const done = execute(run, ports, cancel.signal)
      .then(
        (ending) => report(run, ending),
        (error: unknown) => {
          log.error(
            { run: run.id, container: run.name, error: errorMessage(error) },
            'run could not be journalled',
          )
        },
      )
      .then(() => {
        deadline.abort()
        active.delete(run.containerId)
        next(run.containerId)
      })
    active.set(run.containerId, { run, cancel, done })
  }

  function next(containerId: string): void {
    const [run, ...rest] = waiting.get(containerId) ?? []
    if (rest.length === 0) waiting.delete(containerId)
    else waiting.set(containerId, rest)
    if (run !== undefined && !draining) start(run)
  }

  function cancelActive(ending: Ending): void {
    for (const { cancel } of active.values()) cancel.abort(new RunStop(ending))
  }

  function report(run: Run, { outcome, reason, detail }: Ending): void {
    log.info(
      { run: run.id, container: run.name, playbook: run.playbook, outcome, reason, detail },
      'run ended',
    )
  }

  return {
    submit,
    knows: (id) =>
      [...active.values()].some(({ run }) => run.id === id) ||
      [...waiting.values()].flat().some((run) => run.id === id),
    inProgress: () => [...new Set([...active.values()].map(({ run }) => run.name))],
    halt(ending) {
      for (const run of [...waiting.values()].flat()) end(run, ending)
      waiting.clear()
      cancelActive(ending)
    },
    async drain() {
      draining = true
      const running = [...active.values()]
      cancelActive({ outcome: 'cancelled', reason: 'shutdown', detail: 'pidwarden was stopped' })
      await Promise.all(running.map(({ done }) => done))
    },
  }
}
