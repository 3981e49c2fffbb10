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

/** A pace whose first slice begins now; what is walked one after the other shares a slice. */
export function createPace(clock: Pick<Clock, 'monotonic'>): Pace {
  let until = clock.monotonic() + slice
  return {
    async walk(steps) {
      for (;;) {
        const step = steps.next()
        if (step.done) return step.value
        if (clock.monotonic() < until) continue
        await new Promise<void>((resolve) => setImmediate(resolve))
        until = clock.monotonic() + slice
      }
    },
  }
}
