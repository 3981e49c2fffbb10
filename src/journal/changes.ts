/** Something in the journal is new or other than before; whoever wants to know what reads it there. */
export interface Change {
  readonly kind: 'run' | 'step' | 'effect' | 'incident'
  readonly id: string | number
}

/** Tells of changes once they are on file. */
export class Changes {
  readonly #listeners = new Set<(change: Change) => void>()
  /** What the open transaction has changed; undefined outside one. */
  #held: Change[] | undefined

  /** Calls `listener` after each change, until the function that is returned is called. */
  follow(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Tells of a change, or keeps it until the transaction is over. */
  tell(kind: Change['kind'], id: Change['id']): void {
    const change = { kind, id }
    if (this.#held !== undefined) this.#held.push(change)
    else for (const listener of this.#listeners) listener(change)
  }

  /** Runs `transaction`; what it tells is heard after it, or never when it throws. */
  hold<T>(transaction: () => T): T {
    this.#held = []
    let changes: Change[] = []
    try {
      const result = transaction()
      changes = this.#held
      return result
    } finally {
      this.#held = undefined
      for (const { kind, id } of changes) this.tell(kind, id)
    }
  }
}
