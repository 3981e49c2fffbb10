import { commandOf } from '../../census/command.ts'
import { adoptingInit, type StandingInstance } from '../../census/leaks.ts'
import type { Process, ProcessTree } from '../../census/process.ts'
import { baseName } from '../../census/words.ts'
import { keyOf, older, type ProcessKey } from './key.ts'

/**
 * Processes that others hang below: whoever is the parent of two or more instances or of a leaked one, and next to
 * init of any, because there a second gateway stands while the first gives way to it. A leaked server with one
 * helper of its own (a browser, say) is no gateway when it stands further down or npx and the like have started it;
 * its helper goes with it. And the program of the container, though nothing hangs below it yet.
 */
export function findGateways(
  instances: readonly StandingInstance[],
  tree: ProcessTree,
): ReadonlySet<ProcessKey> {
  const { init } = tree
  const nextToInit = new Set(
    instances
      .filter(({ parent, launchers }) => parent?.pid === init && launchers === 0)
      .flatMap(({ members }) => members.map(({ pid }) => pid)),
  )
  const below = Map.groupBy(
    instances.filter(({ parent }) => parent !== undefined),
    ({ parent }) => parent,
  )
  const gateways = new Set<ProcessKey>()
  for (const [parent, children] of below) {
    if (parent === undefined) continue
    const leaked = children.some(({ standing }) => standing === 'orphan' || standing === 'duplicate')
    if (children.length > 1 || leaked || nextToInit.has(parent.pid)) gateways.add(keyOf(parent))
  }
  for (const process of program(instances, init)) gateways.add(keyOf(process))
  return gateways
}

/** What `sh script` is called: the script may start any number of programs, and does nothing itself. */
const shell = /^(sh|bash|dash|ash|zsh|ksh|mksh|rbash|fish)( |$)/

/**
 * The container is over, or crippled, when what its init has started ends. Where init is the application, its children
 * are servers like all others. Where it only starts something else, they are what it has started, and what it has
 * adopted. tini and its like start one program: it is the oldest, because what they adopt is younger. Of a shell or a
 * supervisor nobody knows how many there are, and whoever does not leak may be one.
 */
function program(instances: readonly StandingInstance[], init: number): readonly Process[] {
  const leaf = instances.find(({ root }) => root.pid === init)?.leaf
  if (leaf === undefined) return []
  const { launcher, label } = commandOf(leaf)
  if (!launcher && !shell.test(label)) return []
  const next = instances.filter(({ parent }) => parent?.pid === init)
  if (!adoptingInit.test(baseName(leaf.argv[0] ?? '')))
    return next
      .filter(({ standing, reparented }) => standing === 'allowed' && !reparented)
      .flatMap(({ members }) => members)
  const [oldest] = next.sort((a, b) => older(a.root, b.root))
  return oldest?.members ?? []
}
