import { type Static, Type } from 'typebox'
import { defineAction, type PlanContext, type Sighting } from '../action.ts'
import { seconds } from '../parameters.ts'
import { limitForAWhile } from '../temporary.ts'

/** Room above what there is now: what is at work needs a thread or two. */
const share = 0.1
const least = 16

const ClampParameters = Type.Object(
  {
    hold: seconds(
      0,
      3600,
      'How long the limit is kept at most, beyond the end of the run; it is eased in steps once the container is calm. 0 = until the run is over.',
    ),
  },
  { additionalProperties: false },
)
type ClampParameters = Static<typeof ClampParameters>

/**
 * Stops growth: sets the PID limit just above what there is now, for as long as the run goes on, or longer. No process
 * is touched; what wants to start another one is refused by the kernel. pids.max of a cgroup may be set below what it
 * holds.
 */
export const clampPids = defineAction({
  name: 'clamp-pids',
  description:
    'Holds the PID limit just above what there is until the run is over, or longer: what wants to start another task is refused by the kernel.',
  acts: true,
  parameters: ClampParameters,
  plan,
  async run(context, parameters) {
    const sighting = await context.look()
    const limit = clampOf(sighting)
    context.note(plan(sighting, context, parameters))
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
    const until = parameters.hold > 0 ? { until: context.clock.now() + parameters.hold * 1000 } : {}
    await limitForAWhile(sighting.container, { kind: 'clamp', limit, ...until }, context)
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

function plan(sighting: Sighting, _: PlanContext, { hold }: ClampParameters): unknown {
  const { pids, pidsLimit } = sighting.census.cgroup
  return {
    container: sighting.container.name,
    pids,
    limitNow: pidsLimit ?? 'none',
    limit: clampOf(sighting),
    note: hold > 0 ? `kept for ${hold} s at most, and eased before` : 'taken back when the run is over',
  }
}
