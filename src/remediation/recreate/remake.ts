import { isSame } from '../../census/limits.ts'
import type { Blueprint } from '../../host/builder.ts'
import type { Limits, Temporary } from '../../journal/records.ts'
import type { PlanContext } from '../action.ts'
import { changes } from './differences.ts'
import { limitsIn } from './limits.ts'
import type { Part } from './refusals.ts'
import { type Remake, specify } from './specification.ts'

/** How a part is made anew. */
export interface Making {
  /** The policy's limits are for the container of the run. */
  readonly isMain: boolean
  /** New ids by the old ones. */
  readonly made: ReadonlyMap<string, string>
  /** What was there for a while when the part was read. */
  readonly temporaries: readonly Temporary[]
}

/** What is made of a container. */
export function remakeOf(
  { blueprint, container, referenceNow }: Part,
  { isMain, made, temporaries }: Making,
  context: Pick<PlanContext, 'hostCores' | 'policyOf'>,
): Remake {
  const wanted = isMain ? context.policyOf(container).limits : undefined
  const limits = { before: beforeTemporaries(blueprint, temporaries), wanted, cores: context.hostCores }
  return specify(blueprint, { referenceNow, limits, replaced: made })
}

/**
 * The same from the container as it is now, which is what counts: a clamp that was taken back since it was surveyed is not
 * there any more, and one that is must not be there for good. Throws when anything else was changed, DockerError.
 */
export async function remakeNow(
  part: Part,
  making: Making,
  context: Pick<PlanContext, 'builder' | 'temporaries' | 'hostCores' | 'policyOf'>,
): Promise<Remake & Pick<Part, 'blueprint'>> {
  // Before and after, as in the survey.
  const before = context.temporaries()
  const blueprint = await context.builder.blueprint(part.container.id)
  const temporaries = [...before, ...context.temporaries()]
  const now = remakeOf({ ...part, blueprint }, { ...making, temporaries }, context)
  const changed = changes(remakeOf(part, making, context), now)
  if (changed.length > 0)
    throw new Error(`${part.container.name} was changed meanwhile: ${changed.join(', ')}`)
  return { ...now, blueprint }
}

/** What the limits were before those that are there for a while. One that was changed since is nobody's but its own. */
function beforeTemporaries({ Id, HostConfig }: Blueprint, temporaries: readonly Temporary[]): Limits {
  const inForce = temporaries.filter((one) => one.containerId === Id)
  const now = limitsIn(HostConfig)
  const before = (['pids', 'cpu'] as const).flatMap((what) => {
    const last = inForce.findLast(
      (one) => one.limits[what] !== undefined && isSame(what, one.limits[what], now[what]),
    )
    return last?.limitsBefore[what] === undefined ? [] : [[what, last.limitsBefore[what]]]
  })
  return Object.fromEntries(before)
}
