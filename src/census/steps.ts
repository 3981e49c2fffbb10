import type { Clock } from '../host/clock.ts'

/** Work that may be interrupted wherever it yields. */
export type Steps<T> = Generator<void, T>

/**
 * How long one stretch of work may keep the event loop, milliseconds. An alert that comes in meanwhile, and every
 * answer of Docker that its remediation waits for, waits out one of these.
 */
const slice = 3

/** Does the work in one go. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Gives way to the event loop whenever a slice of time is used up. */
export interface Pace {
  /** Does the work in slices. */
  walk<T>(steps: Steps<T>): Promise<T>
}

/** Whether something is under way that all paced work has to wait for. */
export interface Urgency {
  isUrgent(): boolean
  /** Makes it urgent until the function that comes back is called. */
  enter(): () => void
}

/** Nothing is urgent yet. */
export function createUrgency(): Urgency {
  const entered = new Set<symbol>()
  return {
    isUrgent: () => entered.size > 0,
    enter() {
      const one = Symbol('urgent')
      entered.add(one)
      return () => entered.delete(one)
    },
  }
}

/** How long what is urgent may hold up one pace in all, milliseconds: a scrape must come to its end. */
const longestHold = 250

/** A pace whose first slice begins now; what is walked one after the other shares a slice. */
export function createPace(clock: Pick<Clock, 'monotonic' | 'sleep'>, urgency?: Urgency): Pace {
  let until = clock.monotonic() + slice
  let held = 0
  return {
    async walk(steps) {
      for (;;) {
        const step = steps.next()
        if (step.done) return step.value
        if (clock.monotonic() < until && !urgency?.isUrgent()) continue
        await new Promise<void>((resolve) => setImmediate(resolve))
        while (urgency?.isUrgent() && held < longestHold) {
          const begun = clock.monotonic()
          await clock.sleep(1)
          held += clock.monotonic() - begun
        }
        until = clock.monotonic() + slice
      }
    },
  }
}
