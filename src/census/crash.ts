import type { KnownContainer } from '../host/inventory.ts'

/** What tells whether a container has crashed. */
export type Ended = Pick<KnownContainer, 'state' | 'exitCode' | 'endedBy'>

/**
 * Whether a container has ended by itself, with a failure, and does not run. One that Docker starts again by its restart
 * policy is `restarting` meanwhile; `exited` means that nobody will. Exit code 0 says that it was done. What nobody here
 * saw end has not crashed as far as anybody knows.
 */
export function hasCrashed({ state, exitCode, endedBy }: Ended): boolean {
  return state === 'exited' && exitCode !== 0 && endedBy === 'itself'
}
