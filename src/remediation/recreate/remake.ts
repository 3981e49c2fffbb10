import type { KnownContainer } from '../../host/inventory.ts'
import type { Limits } from '../../journal/records.ts'
import type { PlanContext } from '../action.ts'
import type { Part } from './refusals.ts'
import { type Remake, specify } from './specification.ts'

/** What is made of a container; `made`: new ids by the old ones. The policy's limits are for the container of the run. */
export function remakeOf(
  { blueprint, container, referenceNow }: Part,
  isMain: boolean,
  made: ReadonlyMap<string, string>,
  context: Pick<PlanContext, 'temporaries' | 'hostCores' | 'policyOf'>,
): Remake {
  const wanted = isMain ? context.policyOf(container).limits : undefined
  const limits = { before: beforeTemporaries(container, context), wanted, cores: context.hostCores }
  return specify(blueprint, { referenceNow, limits, replaced: made })
}

/** What the limits were before those that are there for a while. One that was changed since is nobody's but its own. */
function beforeTemporaries(
  { id, limits }: KnownContainer,
  { temporaries }: Pick<PlanContext, 'temporaries'>,
): Limits {
  const inForce = temporaries().filter((one) => one.containerId === id)
  const before = (['pids', 'cpu'] as const).flatMap((what) => {
    const last = inForce.findLast(
      (one) => one.limits[what] !== undefined && one.limits[what] === limits[what],
    )
    return last?.limitsBefore[what] === undefined ? [] : [[what, last.limitsBefore[what]]]
  })
  return Object.fromEntries(before)
}
