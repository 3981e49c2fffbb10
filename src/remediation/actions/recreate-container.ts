import { isDeepStrictEqual } from 'node:util'
import { type Static, Type } from 'typebox'
import type { HostConfig } from '../../host/builder.ts'
import { defineAction, type PlanContext, type StepContext } from '../action.ts'
import { seconds } from '../parameters.ts'
import { recreate } from '../recreate/recreate.ts'
import { remakeOf } from '../recreate/remake.ts'
import { type Survey, survey } from '../recreate/survey.ts'

const RecreateParameters = Type.Object(
  {
    patience: seconds(
      60,
      3600,
      'How long the new container may take to run, and to become healthy if it says so; longer, where its health check does.',
    ),
    steady: seconds(
      10,
      600,
      'How long a new container without a health check has to stay up before the old one is removed.',
    ),
  },
  { additionalProperties: false },
)
type RecreateParameters = Static<typeof RecreateParameters>

/**
 * Makes the container anew from the same image with the same configuration, and the policy's limits where it has none.
 * Only when the new one is well the old one is removed; until then everything can be taken back.
 */
export const recreateContainer = defineAction({
  name: 'recreate-container',
  description:
    "Makes the container anew from the same image with the same configuration, and the policy's limits where it has none. Only when the new one is well the old one is removed. Needs `recreate: true` in the policy.",
  acts: true,
  isAllowed: ({ recreate }) => recreate,
  parameters: RecreateParameters,
  plan: async ({ container }, context, parameters) =>
    planOf(await survey(container, context), context, parameters),
  async run(context, parameters) {
    const restarts = context.restartsLastHour()
    if (restarts >= context.settings.restartsPerHour) {
      const detail = `restarted ${restarts} times within the last hour, ${context.settings.restartsPerHour} are allowed`
      return { outcome: 'skipped', reason: 'restart_budget', detail }
    }
    const { container } = await context.look()
    const found = await survey(container, context)
    context.note(planOf(found, context, parameters))
    const refusals = [...found.refusals, ...unfinished(container.name, context)]
    if (refusals.length > 0)
      return { outcome: 'skipped', reason: 'unsafe_recreate', detail: refusals.join('; ') }
    // To read all that took time.
    const sighting = await context.look()
    // It may be recreated because a restart of this run has left it ill: what else makes it ill is no matter of this run.
    const leftIll = context.afterFailure && sighting.container.health === 'unhealthy'
    if (context.isCleared(sighting) && !leftIll) {
      return { outcome: 'skipped', reason: 'tier_not_reached', detail: 'it got well before it was recreated' }
    }
    context.adopt(await recreate(found, parameters, context))
    return undefined
  },
})

function unfinished(name: string, { recreations }: StepContext): readonly string[] {
  return recreations().some((one) => one.name === name) ? ['an earlier recreation of it is not over'] : []
}

/** Names and numbers only: what a container is made from holds secrets. */
function planOf(
  { main, dependents, stranded, refusals, temporaries }: Survey,
  context: PlanContext,
  { patience, steady }: RecreateParameters,
): unknown {
  const { container, blueprint } = main
  const { specification } = remakeOf(main, { isMain: true, made: new Map(), temporaries }, context)
  const before: HostConfig = blueprint.HostConfig
  const changed = ['PidsLimit', 'Memory', 'MemorySwap', 'MemoryReservation', 'NanoCpus', 'CpuQuota'].filter(
    (limit) => !isDeepStrictEqual(before[limit], specification.HostConfig[limit]),
  )
  return {
    container: container.name,
    image: specification.Image,
    stopGraceSeconds: container.stopTimeout,
    patienceSeconds: patience,
    steadySeconds: steady,
    writtenBytes: blueprint.sizeRw ?? 'unknown',
    volumes: blueprint.Mounts.filter(({ Type: type }) => type === 'volume').length,
    networks: Object.keys(blueprint.Networks),
    limits: Object.fromEntries(changed.map((limit) => [limit, specification.HostConfig[limit]])),
    dependents: dependents.map((one) => one.container.name),
    stranded,
    refusals,
    note: 'clients of the container are disconnected, and what it has written outside of its volumes is lost',
  }
}
