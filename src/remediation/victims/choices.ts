/** Whom a kill action may end, and who of them comes first. */
export interface Choice {
  /** The leaked standings that it is for. */
  readonly among: readonly ('orphan' | 'duplicate')[]
  /**
   * When instances that are not leaked are candidates too, as long as nothing protects them. policy: where the policy
   * has `victims: any`.
   */
  readonly widens: 'never' | 'policy' | 'always'
  /** Who leads among those of equal evidence. */
  readonly first: 'longest-lived' | 'youngest' | 'largest' | 'busiest'
  /** Over as soon as the goal holds; otherwise when no candidate is left. */
  readonly untilCleared: boolean
}

const leaked = ['orphan', 'duplicate'] as const

/** Every kill action, by its name. */
export const choices = {
  'kill-orphans': { among: ['orphan'], widens: 'never', first: 'longest-lived', untilCleared: false },
  // The oldest copies are those that are meant to stay.
  'kill-duplicates': { among: ['duplicate'], widens: 'never', first: 'youngest', untilCleared: false },
  'kill-oldest': { among: leaked, widens: 'policy', first: 'longest-lived', untilCleared: true },
  'kill-largest': { among: leaked, widens: 'policy', first: 'largest', untilCleared: true },
  'kill-busiest': { among: leaked, widens: 'policy', first: 'busiest', untilCleared: true },
  purge: { among: leaked, widens: 'always', first: 'longest-lived', untilCleared: false },
} as const satisfies Record<string, Choice>
