const leftovers = new Set<() => Promise<void>>()

/**
 * For what must not stay behind when the benchmark is interrupted, and is no child process: gives the way to remove it,
 * which is gone at most once.
 */
export function leavesBehind(remove: () => Promise<void>): () => Promise<void> {
  let removed: Promise<void> | undefined
  const once = (): Promise<void> => {
    removed ??= remove().finally(() => leftovers.delete(once))
    return removed
  }
  leftovers.add(once)
  return once
}

/** Removes all that is left. */
export async function removeLeftovers(): Promise<void> {
  await Promise.all([...leftovers].map((remove) => remove()))
}
