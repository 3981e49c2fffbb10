/** How many names are remembered; the one that was not seen for longest goes first. */
const remembered = 10_000

/** The kills of one name. All numbers are kills. */
export interface OomCount {
  /** The life that was looked at last; empty before the first look. */
  readonly life: string
  /** In the lives before it. */
  readonly before: number
  /** In this life before Docker was listened to. */
  readonly first: number
  /** What the counter of this life stood at last. */
  readonly last: number
  /** How often Docker told of one in this life. */
  readonly told: number
  /** The same since the container was started again; absent unless it was and nobody has looked yet. */
  readonly since?: number
}

const none: OomCount = { life: '', before: 0, first: 0, last: 0, told: 0 }

/**
 * Adds up the OOM kills of containers, by name, over all their lives. The counter of the kernel (oom_kill) is exact, but
 * dies with its cgroup: of a container that goes down with the process that was killed nobody can read it any more. Docker
 * tells of that (`oom`), but not of all while others are being killed, nor while pidwarden is away. The higher one counts.
 */
export class OomKills {
  readonly #counts: Map<string, OomCount>
  readonly #unsaved = new Set<string>()

  /** Goes on from what was saved. */
  constructor(saved: Iterable<readonly [name: string, count: OomCount]> = []) {
    this.#counts = new Map(saved)
  }

  /** The kernel's counter stands at `value` in this life. A value below the last is not believed. */
  read(name: string, life: string, value: number): void {
    const { since, ...known } = this.#counts.get(name) ?? none
    if (known.life === life) {
      this.#keep(name, { ...known, last: Math.max(known.last, value), told: known.told + (since ?? 0) })
    } else if (since !== undefined) {
      // Docker was listened to from its start on: it has told of what is in the counter, or will in a moment.
      this.#keep(name, { life, before: known.before + ofLife(known), first: 0, last: value, told: since })
    } else {
      const [before, told] = known.life === '' ? [0, known.told] : [known.before + ofLife(known), 0]
      this.#keep(name, { life, before, first: Math.max(0, value - told), last: value, told })
    }
  }

  /** Docker says `start` or `oom` of a container of this name; everything else changes nothing. */
  see(name: string, action: string): void {
    const known = this.#counts.get(name) ?? none
    const { since, ...count } = known
    if (action === 'start') {
      const ended = ofLife(count) + (since ?? 0)
      this.#keep(name, { ...count, first: ended, last: ended, told: 0, since: 0 })
    } else if (action === 'oom') {
      const next = since === undefined ? { told: count.told + 1 } : { since: since + 1 }
      this.#keep(name, { ...known, ...next })
    }
  }

  /** All so far; undefined where neither the kernel nor Docker has told anything. */
  total(name: string): number | undefined {
    const count = this.#counts.get(name)
    const all = count && count.before + ofLife(count) + (count.since ?? 0)
    return count?.life === '' && all === 0 ? undefined : all
  }

  /** Writes down what is not on file. Throws what `write` throws; that one and the others stay to be written. */
  save(write: (name: string, count: OomCount) => void): void {
    for (const name of this.#unsaved) {
      const count = this.#counts.get(name)
      if (count !== undefined) write(name, count)
      this.#unsaved.delete(name)
    }
  }

  #keep(name: string, count: OomCount): void {
    const before = this.#counts.get(name)
    this.#counts.delete(name)
    this.#counts.set(name, count)
    // Who never had one begins at nothing anyway.
    if ((this.total(name) ?? 0) > 0 && !isSame(before, count)) this.#unsaved.add(name)
    const [oldest] = this.#counts.keys()
    if (this.#counts.size > remembered && oldest !== undefined) this.#counts.delete(oldest)
  }
}

const ofLife = ({ first, last, told }: Omit<OomCount, 'since'>): number => Math.max(last, first + told)

function isSame(one: OomCount | undefined, other: OomCount): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
