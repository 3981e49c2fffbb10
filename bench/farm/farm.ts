import type { KnownContainer } from '../../src/host/inventory.ts'

/** How many containers, and how many processes in each. */
export interface Shape {
  readonly name: string
  readonly containers: number
  readonly processes: number
  /** Whether something runs in each container between two looks; else all of it sleeps, as what leaks mostly does. */
  readonly awake: boolean
}

/** Many ordinary containers. */
export const wide: Shape = { name: 'wide', containers: 100, processes: 74, awake: true }

/** The same, where nothing runs. */
export const sleeping: Shape = { ...wide, name: 'sleeping', awake: false }

/** One container that leaked without end. */
export const deep: Shape = { name: 'deep', containers: 1, processes: 7396, awake: true }

/** Containers full of processes. */
export interface Farm {
  readonly shape: Shape
  readonly containers: readonly KnownContainer[]
  /** Where a Docker answers that has these containers. */
  readonly dockerSocket: string
  /** Ends every process and removes every trace. */
  close(): Promise<void>
}

/** What farm.c is called with: chains of three below an init and a gateway, and single ones to fill up. */
export function chainsOf({ processes, awake }: Shape): readonly string[] {
  const below = Math.max(0, processes - 2)
  return [String(Math.floor(below / 3)), String(below % 3), ...(awake ? ['awake'] : [])]
}
