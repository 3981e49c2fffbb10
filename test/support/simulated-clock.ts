import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/host/clock.ts'

/** Time that only moves when it is told to, from one waiting sleeper to the next. */
export interface SimulatedClock extends Clock {
  /** Moves on by `ms`, waking on the way whoever sleeps no longer. */
  advance(ms: number): void
  /** Moves from sleeper to sleeper until `work` is over. Throws when nobody sleeps and it still is not. */
  drive<T>(work: Promise<T>): Promise<T>
  /** The same until `condition` holds. */
  until(condition: () => boolean): Promise<void>
  /** Gives way until whoever can go on without time passing has done so. */
  settle(): Promise<void>
}

interface Sleeper {
  readonly at: number
  wake(): void
}

/** How many turns of the event loop anything that does not wait for the clock may take. */
const patience = 500

/** A clock that stands still. */
export function createSimulatedClock(epoch = Date.UTC(2026, 10, 20, 12)): SimulatedClock {
  let elapsed = 0
  const sleepers = new Set<Sleeper>()

  function next(): Sleeper | undefined {
    return [...sleepers].sort((a, b) => a.at - b.at)[0]
  }

  function moveTo(moment: number): void {
    for (let one = next(); one !== undefined && one.at <= moment; one = next()) {
      elapsed = Math.max(elapsed, one.at)
      sleepers.delete(one)
      one.wake()
    }
    elapsed = Math.max(elapsed, moment)
  }

  async function settle(): Promise<void> {
    for (let i = 0; i < 5; i++) await turn()
  }

  async function until(condition: () => boolean): Promise<void> {
    for (let idle = 0; ; ) {
      await settle()
      if (condition()) return
      const sleeper = next()
      if (sleeper) moveTo(sleeper.at)
      else if (++idle > patience) throw new Error('waits for something that the clock does not bring')
    }
  }

  return {
    now: () => epoch + elapsed,
    monotonic: () => elapsed,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper = { at: elapsed + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          if (sleepers.delete(sleeper)) reject(signal.reason)
        })
      })
    },
    advance: (ms) => moveTo(elapsed + ms),
    settle,
    until,
    async drive(work) {
      let over = false
      const end = (): void => {
        over = true
      }
      work.then(end, end)
      await until(() => over)
      return work
    },
  }
}
