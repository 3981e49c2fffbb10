import { Type } from 'typebox'
import { defineAction, type Sighting } from '../action.ts'
import { limitForAWhile } from '../temporary.ts'

/** Room above what there is now: what is at work needs a thread or two. */
const share = 0.1
const least = 16

const none = Type.Object({}, { additionalProperties: false })

/**
 * Stops growth: sets the PID limit just above what there is now, for as long as the run goes on. No process is touched;
 * what wants to start another one is refused by the kernel. pids.max of a cgroup may be set below what it holds.
 */
export const clampPids = defineAction({
  name: 'clamp-pids',
  acts: true,
  parameters: none,
  plan,
  async run(context) {
    const sighting = await context.look()
    const limit = clampOf(sighting)
    context.note(plan(sighting))
    if (limit === undefined) {
      return {
        outcome: 'unknown',
        reason: 'census_unknown',
        detail: 'the tasks of the container are not counted',
      }
    }
    const { pidsLimit } = sighting.census.cgroup
    if (pidsLimit !== undefined && pidsLimit <= limit) {
      const detail = `its PID limit is ${pidsLimit} already, and ${limit} would be set`
      return { outcome: 'skipped', reason: 'already_limited', detail }
    }
    await limitForAWhile(sighting.container, { kind: 'clamp', limit }, context)
    const held = (await context.look()).census.cgroup.pidsLimit
    if (held === limit) return undefined
    const detail = `the PID limit was set to ${limit}, and the kernel holds ${held ?? 'none'}`
    return { outcome: 'ineffective', reason: 'limit_not_enforced', detail }
  },
})

function clampOf({ census }: Sighting): number | undefined {
  const { pids } = census.cgroup
  return pids === undefined ? undefined : pids + Math.max(least, Math.ceil(pids * share))
}

function plan(sighting: Sighting): unknown {
  const { pids, pidsLimit } = sighting.census.cgroup
  return {
    container: sighting.container.name,
    pids,
    limitNow: pidsLimit ?? 'none',
    limit: clampOf(sighting),
    note: 'taken back when the run is over',
  }
}
