import { isFinal } from './identity.ts'
import { type Describe, type Instance, walkInstances } from './instances.ts'
import { findLeaks, type StandingInstance } from './leaks.ts'
import type { Policy } from './policy.ts'
import { buildTree, type Process, type ProcessTree } from './process.ts'
import type { Steps } from './steps.ts'

/** What the processes of one container amount to. */
export interface Scene {
  readonly tree: ProcessTree
  readonly instances: readonly StandingInstance[]
  /** Processes that count towards the process tiers, by policy. */
  readonly counted: number
}

/** A scene, and what it was told from. */
interface Told extends Scene {
  readonly processes: readonly Process[]
  readonly policy: Policy
  readonly found: readonly Instance[]
}

/**
 * The scenes of all containers. Where no process has changed since the last look the scene of that look still holds,
 * and most of what leaks sits idle: so the work is done for what moves.
 */
export class Scenes {
  readonly #told = new Map<string, Told>()
  readonly #describe: Describe

  constructor(describe: Describe) {
    this.#describe = describe
  }

  /** The scene of the container whose one life is called `life`. */
  *tell(life: string, processes: readonly Process[], init: number, policy: Policy): Steps<Scene> {
    const before = this.#told.get(life)
    const same = before !== undefined && before.tree.init === init && isSame(before.processes, processes)
    if (same && before.policy === policy) return before
    const tree = same ? before.tree : buildTree(processes, init)
    yield
    const found = same ? before.found : yield* walkInstances(tree, this.#describe)
    yield
    const instances = findLeaks(found, tree, policy)
    yield
    const told = { processes, policy, found, tree, instances, counted: countProcesses(instances, policy) }
    // An identity that could not be read is read again at the next look, though nothing else has changed.
    if (found.every(({ identity }) => isFinal(identity))) this.#told.set(life, told)
    else this.#told.delete(life)
    return told
  }

  /** Forgets all but these lives. */
  keepOnly(lives: ReadonlySet<string>): void {
    for (const life of this.#told.keys()) if (!lives.has(life)) this.#told.delete(life)
  }
}

/** Processes that did not change are the same objects. */
function isSame(before: readonly Process[], now: readonly Process[]): boolean {
  return before.length === now.length && before.every((process, at) => process === now[at])
}

/** A process counts with its whole instance: a launcher is called by what it launches. */
function countProcesses(instances: readonly StandingInstance[], { counts }: Policy): number {
  let counted = 0
  for (const { command, members } of instances) if (counts(command)) counted += members.length
  return counted
}
