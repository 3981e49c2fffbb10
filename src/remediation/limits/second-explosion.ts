import { RunStop, type Sighting, type StepContext } from '../action.ts'
import { enforce, hasStricter } from './enforce.ts'

/**
 * Whether a container that is about to be restarted was restarted before, within so many seconds; undefined = it does not
 * matter. One that has the stricter limits already is not restarted once more: throws RunStop, and people are asked. An
 * order is no explosion.
 */
export function isSecondExplosion(
  sighting: Sighting,
  within: number | undefined,
  context: Pick<StepContext, 'ordered' | 'restartsSince' | 'temporaries' | 'hostCores'>,
): boolean {
  if (within === undefined || context.ordered || context.restartsSince(within) === 0) return false
  if (!hasStricter(sighting, context)) return true
  const detail = `it was restarted within ${within} s before, and explodes again under the stricter limits`
  throw new RunStop({ outcome: 'skipped', reason: 'exploded_again', detail })
}

/**
 * Gives a container that was restarted because it exploded again the stricter limits. Now, and not while it was stopped:
 * what it runs when it is well tells whether it can live with them.
 */
export async function tighten(context: StepContext): Promise<void> {
  const { detail } = await enforce(await context.look(), context, 'stricter')
  context.remark(`after its second explosion, stricter limits: ${detail}`)
}
