import type { KnownContainer } from '../host/inventory.ts'

/** For so long a container is young: what it starts then, it starts because it was started. Milliseconds. */
const youth = 300_000

/**
 * Whether the container has just been started. One that starts later than `at` was started before the clock was put
 * back: nobody knows how old it is, so it counts as grown up. `at` in milliseconds since the epoch.
 */
export function isYoung({ startedAt }: Pick<KnownContainer, 'startedAt'>, at: number): boolean {
  const age = at - Date.parse(startedAt)
  return age >= 0 && age < youth
}
