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
  /** Carries out a dry run at once, beside whatever is at work. Returns how it ended; throws SQLite's error. */
  plan(run: Run): Promise<Ending>
  /** True while a run of this id is at work or waits; a dry run too. */
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
  /** Per container, oldest first, and all of one tier: a higher one ends the lower. */
  const waiting = new Map<string, Run[]>()
  /** Ids of all that are at work or wait: a storm asks for each alert. */
  const known = new Set<string>()
  let draining = false

  function submit(run: Run): void {
    if (draining) return
    const current = active.get(run.name)
    const queue = waiting.get(run.name) ?? []
    if (current === undefined && queue.length === 0) {
      start(run)
      return
    }
    // One jump of a count can bring two tiers together: the higher covers the lower.
    const supersededBy = ({ tier, resource }: Run): Ending => ({
      outcome: 'superseded',
      reason: 'higher_tier',
      detail: `by ${tier} ${resource}`,
    })
    const [head] = queue
    const above = [head, current?.run].find((one) => one !== undefined && position(one) > position(run))
    if (above !== undefined) {
      end(run, supersededBy(above))
      return
    }
    if (head !== undefined && position(head) < position(run)) {
      for (const lower of queue.splice(0)) end(lower, supersededBy(run))
    }
    queue.push(run)
    known.add(run.id)
    waiting.set(run.name, queue)
    if (current !== undefined && position(current.run) < position(run))
      current.cancel.abort(new RunStop(supersededBy(run)))
  }

  function end(run: Run, ending: Ending): void {
    known.delete(run.id)
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
        ({ ending, next: follower }) => {
          report(run, ending)
          return follower
        },
        (error: unknown) => {
          log.error(
            { run: run.id, container: run.name, error: errorMessage(error) },
            'run could not be journalled',
          )
          return undefined
        },
      )
      .then((follower) => {
        deadline.abort()
        active.delete(run.name)
        known.delete(run.id)
        if (follower !== undefined) submit(follower)
        if (!active.has(run.name)) next(run.name)
      })
    active.set(run.name, { run, cancel, done })
    known.add(run.id)
  }

  function next(name: string): void {
    if (draining) return
    const queue = waiting.get(name) ?? []
    const run = queue.shift()
    if (queue.length === 0) waiting.delete(name)
    if (run !== undefined) start(run)
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

  /** Known while it lasts: otherwise it would be taken for one that an earlier pidwarden has left behind. */
  async function plan(run: Run): Promise<Ending> {
    known.add(run.id)
    try {
      return (await execute(run, ports, new AbortController().signal)).ending
    } finally {
      known.delete(run.id)
    }
  }

  return {
    submit,
    plan,
    knows: (id) => known.has(id),
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
