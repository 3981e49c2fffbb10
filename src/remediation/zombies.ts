import { adoptingInit } from '../census/leaks.ts'
import type { Process } from '../census/process.ts'
import { baseName } from '../census/words.ts'
import type { Zombie } from '../census/zombies.ts'

/** The zombies of one parent, and what can be done about them. */
export interface ParentVerdict {
  readonly parent: Process
  /** As the metrics call it. */
  readonly command: string
  readonly zombies: number
  readonly verdict: 'wake' | 'keep'
  readonly reason: 'does_not_wait' | 'own_process' | 'woken_in_vain'
}

/** What parents are judged by. */
export interface ParentFacts {
  commandOf(pid: number): string
  wokenInVain(parent: Process): boolean
  readonly ownPid: number
}

/** Zombies that stand in both lists: one that is about to be waited for is none. */
export function lasting(before: readonly Zombie[], now: readonly Zombie[]): readonly Zombie[] {
  const known = new Set(before.map(({ pid, startTicks }) => `${pid} ${startTicks}`))
  return now.filter(({ pid, startTicks }) => known.has(`${pid} ${startTicks}`))
}

/** Judges the parents, those with the most zombies first. No parent is ever ended to be rid of its zombies. */
export function judgeParents(
  zombies: readonly Zombie[],
  { commandOf, wokenInVain, ownPid }: ParentFacts,
): readonly ParentVerdict[] {
  const judge = (parent: Process): Pick<ParentVerdict, 'verdict' | 'reason'> => {
    if (parent.pid === ownPid) return { verdict: 'keep', reason: 'own_process' }
    if (wokenInVain(parent)) return { verdict: 'keep', reason: 'woken_in_vain' }
    return { verdict: 'wake', reason: 'does_not_wait' }
  }
  return [...Map.groupBy(zombies, ({ parent }) => parent.pid).values()]
    .flatMap((same) => {
      const [first] = same
      if (first === undefined) return []
      const { parent } = first
      return [{ parent, command: commandOf(parent.pid), zombies: same.length, ...judge(parent) }]
    })
    .sort((a, b) => b.zombies - a.zombies)
}

/** How many parents are named to people; the rest is counted. */
const named = 3

/**
 * What people have to do about zombies that stay: only an init that adopts helps where PID 1 does not wait, and none
 * helps where the parent lives, because nobody else can wait for its children.
 */
export function remedy(parents: readonly ParentVerdict[], init: Process | undefined): string {
  const told = parents.slice(0, named).map(({ parent, command, zombies }) => {
    const what = `${zombies} of ${command} (pid ${parent.pid})`
    if (parent.pid !== init?.pid)
      return `${what}, which lives and does not wait for its children: only the application can be mended, an init does not help`
    return adoptingInit.test(baseName(parent.argv[0] ?? ''))
      ? `${what}, the init of the container, which should have waited for them`
      : `${what}, which is PID 1 and does not wait for what it adopts: give the container an init (init: true, or docker run --init)`
  })
  const rest = parents.length - told.length
  return `zombies stay: ${told.join('; ')}${rest > 0 ? `; and those of ${rest} more` : ''}`
}
