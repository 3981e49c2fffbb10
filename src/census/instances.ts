import type { Command } from './command.ts'
import type { Identity } from './identity.ts'
import type { Process, ProcessTree } from './process.ts'
import { finish, type Steps } from './steps.ts'

/**
 * One running copy of something: a launcher chain (`npm exec X` -> `sh -c X` -> `node …/X`) collapsed with its leaf
 * and the leaf's descendants of the same program. Counted once, and ended as a whole.
 */
export interface Instance {
  /** Highest process of the chain; age is told from it. */
  readonly root: Process
  /** What the chain was started for; command and identity are told from it. */
  readonly leaf: Process
  /** How many launchers above the leaf name what they start (`npx X`, `uvx X`); a shell or a wrapper does not. */
  readonly launchers: number
  /** The label of the leaf: what a person calls it. */
  readonly command: string
  readonly identity: Identity
  /** True when its root was seen below another parent before. */
  readonly reparented: boolean
  /** The process it hangs below; undefined for the container's init and for what `docker exec` started. */
  readonly parent: Process | undefined
  /** Chain, leaf and workers; descendants that run something else are instances of their own. */
  readonly members: readonly Process[]
}

/** How the census looks at one process. */
export interface Describe {
  command(process: Process): Command
  identity(leaf: Process): Identity
  /** True when it was seen below another parent before. */
  reparented(process: Process): boolean
}

/** All instances of a container, those above before those below. */
export function findInstances(tree: ProcessTree, describe: Describe): readonly Instance[] {
  return finish(walkInstances(tree, describe))
}

/** How many instances are found between two chances to be interrupted: to tell a new one reads several files. */
const handful = 8

/** The same, in steps. */
export function* walkInstances(tree: ProcessTree, describe: Describe): Steps<readonly Instance[]> {
  const instances: Instance[] = []
  const roots = [...tree.processes.values()].filter(({ ppid }) => !tree.processes.has(ppid))
  // The list grows while it is walked: what hangs below an instance is appended.
  for (const root of roots) {
    if (instances.length % handful === handful - 1) yield
    const { instance, below } = collapse(tree, root, describe)
    instances.push(instance)
    for (const process of below) roots.push(process)
  }
  return instances
}

function collapse(
  tree: ProcessTree,
  root: Process,
  describe: Describe,
): { instance: Instance; below: readonly Process[] } {
  const childrenOf = (process: Process): readonly Process[] => tree.children.get(process.pid) ?? []
  const members: Process[] = [root]
  let leaf = root
  let command = describe.command(leaf)
  // A launcher with no child has not started anything yet, or lost it; one with several is a supervisor. Either
  // way it stands for itself.
  for (let [child, ...others] = childrenOf(leaf); command.launcher && child && others.length === 0; ) {
    leaf = child
    members.push(leaf)
    command = describe.command(leaf)
    ;[child, ...others] = childrenOf(leaf)
  }
  const launchers = members.slice(0, -1).filter((one) => namesWhatItStarts(describe.command(one))).length
  const below: Process[] = []
  const workers = [...childrenOf(leaf)]
  for (const child of workers) {
    if (!command.launcher && describe.command(child).program === command.program) {
      members.push(child)
      for (const below of childrenOf(child)) workers.push(below)
    } else below.push(child)
  }
  const instance: Instance = {
    root,
    leaf,
    launchers,
    command: command.label,
    identity: describe.identity(leaf),
    reparented: describe.reparented(root),
    parent: tree.processes.get(root.ppid),
    members,
  }
  return { instance, below }
}

/** The label of a launcher is its own name alone unless it says what it starts; that of a shell never does. */
function namesWhatItStarts({ launcher, label }: Command): boolean {
  return launcher && label.includes(' ') && label !== 'sh -c'
}
