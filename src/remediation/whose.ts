import type { NewEffect } from '../journal/records.ts'
import type { ContainerLife, Effects } from './effects.ts'

/**
 * Effects of a run whose container may have been recreated in its course: what is done to the container that there is now
 * is told as done to that one, and not to the one that the run was admitted for.
 */
export function attributed(effects: Effects, admitted: string, idNow: () => string): Effects {
  const own = (container: ContainerLife): ContainerLife =>
    container.id === admitted ? container : { ...container, ofOther: true }
  const about = (effect: NewEffect): NewEffect =>
    effect.containerId !== undefined || idNow() === admitted ? effect : { ...effect, containerId: idNow() }
  return {
    signal: effects.signal,
    stop: (stepId, container, grace) => effects.stop(stepId, own(container), grace),
    start: (stepId, container, patience) => effects.start(stepId, own(container), patience),
    carryOut: (stepId, effect, work) => effects.carryOut(stepId, about(effect), work),
    announce: effects.announce,
    takeBack: (stepId, effect, work) => effects.takeBack(stepId, about(effect), work),
  }
}
