import { type Static, Type } from 'typebox'
import { defineAction } from '../action.ts'
import { enforce, printable } from '../limits/enforce.ts'
import { optionalSeconds } from '../parameters.ts'

const EnforceParameters = Type.Object(
  {
    to: Type.Enum(['policy', 'stricter'], {
      default: 'policy',
      description:
        'policy: the limits that the policy wants. stricter: lowered to those for a container that explodes again.',
      expected: 'policy or stricter',
    }),
    restartedWithin: optionalSeconds(
      604_800,
      'Only where pidwarden has restarted a container of this name within so long before.',
    ),
  },
  { additionalProperties: false },
)
type EnforceParameters = Static<typeof EnforceParameters>

/**
 * Sets limits for good, where the container has none or looser ones: memory, memory with swap, reservation, CPUs, PIDs.
 * Never below what is in use. What cannot be changed while it runs is told, with the lines for its definition.
 */
export const enforceLimits = defineAction({
  name: 'enforce-limits',
  description:
    'Sets limits for good where the container has none or looser ones, never below what is in use, and reads the cgroup afterwards. What cannot be changed while it runs is told, with the lines for its compose file.',
  acts: true,
  parameters: EnforceParameters,
  plan: (sighting, context, { to }) => printable(sighting, context, to),
  async run(context, { to, restartedWithin }: EnforceParameters) {
    if (restartedWithin !== undefined && context.restartsSince(restartedWithin) === 0) {
      const detail = `it was not restarted within ${restartedWithin} s`
      return { outcome: 'skipped', reason: 'first_explosion', detail }
    }
    return enforce(await context.look(), context, to)
  },
})
