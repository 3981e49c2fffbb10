import { keyOf } from './key.ts'
import type { Verdict } from './verdict.ts'

/** After so many times in vain nobody is waited for any more. */
const rounds = 2

/**
 * Tells whether those that are too young ever get old enough. To be asked each time before they are waited for: true
 * when the last two times all of them had ended by themselves, and others had taken their places. That is a program that
 * fails at its start, and not one that leaks: to end it would only be one more failure.
 */
export function watchYoung(): (young: readonly Verdict[]) => boolean {
  let before: ReadonlySet<string> | undefined
  let inVain = 0
  return (young) => {
    const now = new Set(young.map(({ instance }) => keyOf(instance.root)))
    if (before !== undefined) inVain = before.isDisjointFrom(now) ? inVain + 1 : 0
    before = now
    return inVain >= rounds
  }
}
