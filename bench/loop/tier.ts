import type { KnownContainer } from '../../src/host/inventory.ts'
import { count } from '../farm/count.ts'

/** Between two looks, milliseconds. */
const interval = 20

/** What the kernel says of one tier of processes in a container, without pidwarden. Times since the epoch, ms. */
export interface TierWatch {
  /** When it was first seen to be reached. */
  crossedAt(): number | undefined
  /** Since when the number has been below it again, for good so far. */
  clearedAt(): number | undefined
  stop(): void
}

/** Looks at the container again and again from now on. */
export function watchTier(container: KnownContainer, threshold: number): TierWatch {
  let crossed: number | undefined
  let cleared: number | undefined

  function look(): void {
    if (count(container) >= threshold) {
      crossed ??= Date.now()
      cleared = undefined
    } else if (crossed !== undefined) cleared ??= Date.now()
  }

  const timer = setInterval(look, interval)
  return { crossedAt: () => crossed, clearedAt: () => cleared, stop: () => clearInterval(timer) }
}
