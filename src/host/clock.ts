import { setTimeout as delay } from 'node:timers/promises'

/**
 * Time as an argument: everything that waits or stamps takes a Clock, so that tests move time themselves.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump; never use it for durations. */
  now(): number
  /** Milliseconds on a clock that never goes backwards; only differences mean something. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
}
