/** Numbers that look random and are the same at every run, so that a failure can be looked at again. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  integer(below: number): number
  /** One of `items`. */
  pick<T>(items: readonly T[]): T
  /** True in `share` of all cases. */
  chance(share: number): boolean
}

/** mulberry32: 32 bits of state, good enough to make trees of processes. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (below: number): number => Math.floor(next() * below)
  return {
    integer,
    pick: (items) => {
      const item = items[integer(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    chance: (share) => next() < share,
  }
}
