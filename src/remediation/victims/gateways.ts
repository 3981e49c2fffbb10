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
  const core = coreOf(instances, tree.init)
  const nextToInit = new Set(
    below(core, instances)
      .filter(({ launchers }) => launchers === 0)
      .flatMap(({ members }) => members.map(({ pid }) => pid)),
  )
  const families = Map.groupBy(
    instances.filter(({ parent }) => parent !== undefined),
    ({ parent }) => parent,
  )
  const gateways = new Set<ProcessKey>()
  for (const [parent, children] of families) {
    if (parent === undefined) continue
    const leaked = children.some(({ standing }) => standing === 'orphan' || standing === 'duplicate')
    if (children.length > 1 || leaked || nextToInit.has(parent.pid)) gateways.add(keyOf(parent))
  }
  for (const process of programs(core, instances)) gateways.add(keyOf(process))
  return gateways
}

/**
 * Init with what it was collapsed with; and where that only adopts, what it has started as well. tini and its like start
 * one program: it is the oldest, because what they adopt is younger. Whether tini has adopted anything yet must not
 * matter to those below the program: as long as it has not, the two are one instance.
 */
function coreOf(instances: readonly StandingInstance[], init: number): readonly StandingInstance[] {
  const core: StandingInstance[] = []
  let next = instances.find(({ root }) => root.pid === init)
  while (next !== undefined) {
    core.push(next)
    next = adoptingInit.test(baseName(next.leaf.argv[0] ?? '')) ? oldest(below([next], instances)) : undefined
  }
  return core
}

/** What hangs below any process of `above`: what a script has started may hang below a copy of its shell. */
function below(
  above: readonly StandingInstance[],
  instances: readonly StandingInstance[],
): readonly StandingInstance[] {
  const pids = new Set(above.flatMap(({ members }) => members.map(({ pid }) => pid)))
  return instances.filter(({ parent, root }) => parent && pids.has(parent.pid) && !pids.has(root.pid))
}

function oldest(instances: readonly StandingInstance[]): StandingInstance | undefined {
  return [...instances].sort((a, b) => older(a.root, b.root))[0]
}

/** What `sh script` is called: the script may start any number of programs, and does nothing itself. */
const shell = /^(sh|bash|dash|ash|zsh|ksh|mksh|rbash|fish)( |$)/

/**
 * The container is over, or crippled, when what its init has started ends. Where init is the application, its children
 * are servers like all others. Where it only starts something else, they are what it has started, and what it has
 * adopted. Of a shell or a supervisor nobody knows how many programs there are, and whoever does not leak may be one.
 */
function programs(
  core: readonly StandingInstance[],
  instances: readonly StandingInstance[],
): readonly Process[] {
  const [, ...started] = core
  const own = started.flatMap(({ members }) => members)
  const last = core.at(-1)
  if (last === undefined) return own
  const { launcher, label } = commandOf(last.leaf)
  if (!launcher && !shell.test(label)) return own
  const next = below([last], instances).filter(
    ({ standing, reparented }) => standing === 'allowed' && !reparented,
  )
  return [...own, ...next.flatMap(({ members }) => members)]
}
