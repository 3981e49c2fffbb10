import type { KnownContainer } from '../../src/host/inventory.ts'

/** How many containers, and how many processes in each. */
export interface Shape {
  readonly name: string
  readonly containers: number
  readonly processes: number
}

/** Many ordinary containers. */
export const wide: Shape = { name: 'wide', containers: 100, processes: 74 }

/** One container that leaked without end. */
export const deep: Shape = { name: 'deep', containers: 1, processes: 7396 }

/** Containers full of sleeping processes. */
export interface Farm {
  readonly shape: Shape
  readonly containers: readonly KnownContainer[]
  /** Where a Docker answers that has these containers. */
  readonly dockerSocket: string
  /** Ends every process and removes every trace. */
  close(): Promise<void>
}

/** What farm.c is called with: chains of three below an init and a gateway, and single ones to fill up. */
export function chainsOf({ processes }: Shape): readonly string[] {
  const below = Math.max(0, processes - 2)
  return [String(Math.floor(below / 3)), String(below % 3)]
}
