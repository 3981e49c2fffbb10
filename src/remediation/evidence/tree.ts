import type { StandingInstance } from '../../census/leaks.ts'

/** One place in the tree of a container: instances of one command that hang below the same place. */
export interface Branch {
  readonly command: string
  readonly instances: number
  readonly processes: number
  readonly below?: readonly Branch[]
}

/** How deep a tree is told, and how many places of it at most. */
const deepest = 8
const mostBranches = 100

/** Who hangs below whom, by labels alone; alike siblings are one place, so that a thousand copies are one line. */
export function treeOf(instances: readonly StandingInstance[]): readonly Branch[] {
  const owner = new Map(instances.flatMap((one) => one.members.map(({ pid }) => [pid, one] as const)))
  const above = (one: StandingInstance): StandingInstance | undefined =>
    one.parent === undefined ? undefined : owner.get(one.parent.pid)
  const children = Map.groupBy(instances, above)
  let left = mostBranches
  const tell = (level: readonly StandingInstance[], depth: number): readonly Branch[] =>
    [...Map.groupBy(level, ({ command }) => command)].flatMap(([command, alike]) => {
      if (left-- <= 0) return []
      const below =
        depth < deepest
          ? tell(
              alike.flatMap((one) => children.get(one) ?? []),
              depth + 1,
            )
          : []
      const processes = alike.reduce((sum, { members }) => sum + members.length, 0)
      return [{ command, instances: alike.length, processes, ...(below.length > 0 && { below }) }]
    })
  return tell(children.get(undefined) ?? [], 1)
}
