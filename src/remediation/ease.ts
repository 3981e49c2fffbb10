/** So long it must be quiet before each step, milliseconds. */
const minute = 60_000

/** Of this share of the limit more is in use than a container would that is calm. */
const crowded = 0.8

/** After so many steps the limit goes. */
const lastStep = 3

/** A PID limit that holds a container for a while, and what the container made of it. */
export interface Held {
  /** In force now. */
  readonly limit: number
  /** What it was before; -1 = none. */
  readonly before: number
  /** How often it was eased already. */
  readonly steps: number
  /** Tasks now (pids.current); undefined = not known. */
  readonly pids: number | undefined
  /** For how long it was neither eased nor hit (`max` of pids.events), milliseconds. */
  readonly quiet: number
}

/**
 * Whether a limit is eased, and to what. Each minute without a fork that was refused, and with room to spare, the room
 * doubles; after three times the limit goes, and also when it would be as wide as the one before. Pure.
 */
export function ease({ limit, before, steps, pids, quiet }: Held): number | 'keep' | 'lift' {
  if (pids === undefined || quiet < minute || pids > limit * crowded) return 'keep'
  const next = pids + 2 * (limit - pids)
  return steps >= lastStep || (before > 0 && next >= before) ? 'lift' : next
}
