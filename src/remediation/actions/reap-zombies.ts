import { type Static, Type } from 'typebox'
import type { Census } from '../../census/observe.ts'
import { findZombies, type Zombie } from '../../census/zombies.ts'
import type { Ending } from '../../journal/outcomes.ts'
import { defineAction, type PlanContext, RunStop, type Sighting, type StepContext } from '../action.ts'
import { seconds } from '../parameters.ts'
import { judgeParents, lasting, type ParentVerdict, remedy } from '../zombies.ts'

/** After a signal, before it is counted again, milliseconds. A handler runs within that, or not for this signal. */
const pause = 100

/** A parent that has waited for none of its zombies after so many signals does not wait for them at all. */
const patientFor = 3

/** The most parents that one step wakes and names: thousands of them are no matter of a signal. */
const mostParents = 50

const ReapParameters = Type.Object(
  {
    interval: seconds(1, 60, 'Between two looks: only what is a zombie in both of them is one.'),
    patience: seconds(10, 60, 'For so long a parent is woken again and again, while its zombies get fewer.'),
  },
  { additionalProperties: false },
)
type ReapParameters = Static<typeof ReapParameters>

/**
 * Wakes the parents of zombies with SIGCHLD, which ends nobody: a signal that was lost, or a handler that waits for one
 * child a signal, is made good by another. Says what people have to do about those that stay.
 */
export const reapZombies = defineAction({
  name: 'reap-zombies',
  description:
    'Wakes the parents of zombies with SIGCHLD, which ends nobody, and says what people have to do about those that stay.',
  acts: true,
  parameters: ReapParameters,
  plan: (sighting, context) => printable(judge(sighting, find(sighting.census, context), context)),
  async run(context, { interval, patience }: ReapParameters) {
    const first = find(context.seen().census, context)
    await context.clock.sleep(interval * 1000, context.signal)
    const sighting = await context.look()
    const zombies = lasting(first, find(sighting.census, context))
    const verdicts = judge(sighting, zombies, context)
    context.note(printable(verdicts))
    if (zombies.length === 0) {
      const detail = 'no process was a zombie twice'
      return { outcome: 'skipped', reason: 'no_candidates', detail }
    }
    const woken = verdicts.filter(({ verdict }) => verdict === 'wake').slice(0, mostParents)
    const left = woken.length > 0 ? await wake(woken, zombies, patience, context) : zombies
    return conclude(zombies, left, woken.length > 0, sighting, context)
  },
})

/** Undefined = all of them are gone. Where nobody has waited for any, there is nothing more that a signal can do. */
function conclude(
  before: readonly Zombie[],
  left: readonly Zombie[],
  acted: boolean,
  sighting: Sighting,
  context: StepContext,
): Ending | undefined {
  if (left.length === 0) return undefined
  const staying = judge(sighting, left, context).slice(0, mostParents)
  const { tree } = sighting.census
  const detail = remedy(staying, tree.processes.get(tree.init))
  if (left.length < before.length) {
    context.remark(detail)
    return { outcome: 'improved', reason: 'still_above', detail }
  }
  return { outcome: acted ? 'ineffective' : 'skipped', reason: 'no_candidates', detail }
}

/** Throws RunStop where the kernel does not say whose the zombies are. */
function find({ tree }: Census, { procfs }: PlanContext): readonly Zombie[] {
  const zombies = findZombies([...tree.processes.values()], procfs)
  if (zombies !== undefined) return zombies
  const detail = 'the kernel does not list the children of processes (CONFIG_PROC_CHILDREN)'
  throw new RunStop({ outcome: 'unknown', reason: 'census_unknown', detail })
}

function judge(
  { census }: Sighting,
  zombies: readonly Zombie[],
  { wokenInVain, ownPid }: PlanContext,
): readonly ParentVerdict[] {
  const commands = new Map(
    census.instances.flatMap(({ command, members }) => members.map(({ pid }) => [pid, command])),
  )
  return judgeParents(zombies, {
    commandOf: (pid) => commands.get(pid) ?? 'unknown',
    wokenInVain: (parent) => wokenInVain(parent),
    ownPid,
  })
}

/** Verdicts as the journal keeps them. */
function printable(verdicts: readonly ParentVerdict[]): unknown {
  const named = verdicts.slice(0, mostParents).map(({ parent, command, zombies, verdict, reason }) => {
    return { command, pid: parent.pid, zombies, verdict, reason }
  })
  const rest = verdicts.length - named.length
  return rest > 0 ? [...named, { more: rest, what: 'parents of zombies' }] : named
}

/**
 * Signals until none of the zombies is left, or nobody waits for more of them; returns those that are left. Who stays
 * in the container and in its own life is looked at before each signal, on its pidfd.
 */
async function wake(
  verdicts: readonly ParentVerdict[],
  zombies: readonly Zombie[],
  patience: number,
  context: StepContext,
): Promise<readonly Zombie[]> {
  const { clock, procfs, ownPid, effects, stepId, signal } = context
  const { paths } = context.seen().census
  const bounds = { cgroupPath: paths.path, forbidden: new Set([ownPid]) }
  const until = clock.monotonic() + patience * 1000
  const tries = new Map(verdicts.map(({ parent }) => [parent.pid, 0]))
  let left = zombies
  for (let due = verdicts; due.length > 0 && clock.monotonic() < until; ) {
    const targets = due.map(({ parent: { pid, startTicks, argv }, command }) => {
      return { pid, startTicks, argv, command }
    })
    const results = effects.signal(stepId, targets, 'SIGCHLD', bounds)
    const failed = results.find((result) => result.startsWith('failed'))
    if (failed !== undefined)
      throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail: `SIGCHLD: ${failed}` })
    await clock.sleep(pause, signal)
    const parents = [...new Map(left.map(({ parent }) => [parent.pid, parent])).values()]
    // None that could be asked: they have ended, and others wait for their zombies.
    const now = lasting(left, findZombies(parents, procfs) ?? [])
    const count = (list: readonly Zombie[], pid: number): number =>
      list.filter(({ parent }) => parent.pid === pid).length
    due = due.filter(({ parent: { pid } }) => {
      const [was, is] = [count(left, pid), count(now, pid)]
      tries.set(pid, is < was ? 0 : (tries.get(pid) ?? 0) + 1)
      return is > 0 && (tries.get(pid) ?? 0) < patientFor
    })
    left = now
  }
  return left
}
