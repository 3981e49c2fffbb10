/** How many names are remembered; the one that was not seen for longest goes first. */
const remembered = 10_000

interface Entry {
  readonly life: string
  readonly last: number
  readonly before: number
}

/**
 * Adds up a counter of the kernel over the lives of a container: it dies with the cgroup, and begins anew when the
 * container is restarted or recreated under its name.
 */
export class Odometer {
  readonly #entries = new Map<string, Entry>()

  /** The total so far, when the counter of this life stands at `value`. A value below the last is not believed. */
  total(name: string, life: string, value: number): number {
    const entry = this.#entries.get(name)
    const before = entry === undefined ? 0 : entry.life === life ? entry.before : entry.before + entry.last
    const last = entry?.life === life ? Math.max(entry.last, value) : value
    this.#entries.delete(name)
    this.#entries.set(name, { life, last, before })
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > remembered && oldest !== undefined) this.#entries.delete(oldest)
    return before + last
  }

  /** The total that was reached last. */
  reached(name: string): number {
    const entry = this.#entries.get(name)
    return entry === undefined ? 0 : entry.before + entry.last
  }
}
