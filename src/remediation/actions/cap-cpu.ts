import { type Static, Type } from 'typebox'
import { tiers } from '../../census/presets.ts'
import { defineAction, type PlanContext, type Sighting } from '../action.ts'
import { type Behind, behind } from '../limits/own.ts'
import { seconds } from '../parameters.ts'
import { limitForAWhile } from '../temporary.ts'

/** What is left to a container where nobody says how much, of what it has now. */
const usualShare = 0.5

/** And of where its lowest tier begins: one that uses all it is left is then below every tier. */
const belowTier = 0.9

/** Less than that brings a container to a stand, which is no relief for anybody. Cores. */
const least = 0.05

const CapParameters = Type.Object(
  {
    cores: Type.Optional(
      Type.Number({
        minimum: least,
        maximum: 4096,
        description: 'What is left to the container. Cores.',
        expected: `a number of cores from ${least}`,
      }),
    ),
    share: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1,
        description:
          'The same as a share of its CPU limit, or of the host where it has none. Where neither is said: half of that, and less than its lowest CPU tier.',
        expected: 'a share from 0.01 to 1',
      }),
    ),
    hold: seconds(600, 3600, 'For so long; 0 = until the run is over.'),
  },
  { additionalProperties: false },
)
type CapParameters = Static<typeof CapParameters>

/**
 * Limits the CPU of a container for a while: what is busy goes on, slower, and the host has room for others. No process
 * is touched. cpu.max, cpu.cfs_quota_us.
 */
export const capCpu = defineAction({
  name: 'cap-cpu',
  description:
    'Caps the CPU of the container for a while: what is busy goes on, slower, and the host has room for others.',
  acts: true,
  parameters: CapParameters,
  plan,
  async run(context, parameters) {
    const sighting = await context.look()
    if (context.isCleared(sighting)) {
      return { outcome: 'skipped', reason: 'tier_not_reached', detail: 'it got well before it was capped' }
    }
    context.note(plan(sighting, context, parameters))
    const limit = capOf(sighting, context, parameters)
    const { cpuLimit } = sighting.census.cgroup
    const { temporary } = ownLimit(sighting, context)
    // A cap of ours that is as low already may be over sooner than this one.
    const isEnough = temporary === undefined ? isAtMost : isBelow
    if (cpuLimit !== undefined && isEnough(cpuLimit, limit)) {
      const detail = `its CPU limit is ${cpuLimit} cores already, and ${limit} would be set`
      return { outcome: 'skipped', reason: 'already_limited', detail }
    }
    const until = parameters.hold > 0 ? { until: context.clock.now() + parameters.hold * 1000 } : {}
    await limitForAWhile(sighting.container, { kind: 'cap', limit, ...until }, context)
    const held = (await context.look()).census.cgroup.cpuLimit
    if (held !== undefined && Math.abs(held - limit) < tolerance) return undefined
    const detail = `the CPU was limited to ${limit} cores, and the kernel holds ${held ?? 'none'}`
    return { outcome: 'ineffective', reason: 'limit_not_enforced', detail }
  },
})

/** The kernel keeps a quota of whole microseconds. */
const tolerance = 0.005
const isBelow = (held: number, limit: number): boolean => held < limit - tolerance
const isAtMost = (held: number, limit: number): boolean => held <= limit

/** A share of what an earlier cap has left would be less every time. */
function ownLimit({ container, census }: Sighting, { temporaries }: PlanContext): Behind {
  const alike = temporaries().filter(({ containerId }) => containerId === container.id)
  return behind('cpu', { configured: container.limits, cgroup: census.cgroup, temporaries: alike })
}

/** Cores, in hundredths: Docker gives back exactly what it was given. */
function capOf(sighting: Sighting, context: PlanContext, { cores, share }: CapParameters): number {
  const { thresholds } = sighting
  const all = ownLimit(sighting, context).own ?? context.hostCores
  const lowest = tiers.map((tier) => thresholds.cpu[tier]?.at).find((at) => at !== undefined) ?? all
  const usual = Math.min(all * usualShare, lowest * belowTier)
  const wanted = cores ?? (share === undefined ? usual : all * share)
  return Math.max(least, Math.floor(wanted * 100) / 100)
}

function plan(sighting: Sighting, context: PlanContext, parameters: CapParameters): unknown {
  const { cpu, cgroup } = sighting.census
  return {
    container: sighting.container.name,
    coresInUse: cpu,
    limitNow: cgroup.cpuLimit ?? 'none',
    limit: capOf(sighting, context, parameters),
    note: parameters.hold > 0 ? `kept for ${parameters.hold} s` : 'taken back when the run is over',
  }
}
