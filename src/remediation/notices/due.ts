import type { Delivery, Notice } from '../../journal/notices.ts'

/** Alertmanager takes an alert for resolved unless it hears of it again; each post says it fires so long, milliseconds. */
export const firesFor = 300_000

/** How often it hears of it, milliseconds. */
const repeatEvery = 60_000

/** An alert that ends before its group was sent is never sent: it fires at least so long, milliseconds. */
const firesAtLeast = 60_000

/** People of this level are called out of bed: what is told of it may not swallow the call. */
const callsPeople = 2

/** What one Alertmanager is to be told of a notice now. Pure; a clock that was put back does not hold anything up. */
export function dueNow(
  { incident, level, update }: Notice,
  { firedAt, repeatedAt = firedAt, calledAt }: Delivery,
  now: number,
): 'fire' | 'resolve' | undefined {
  const passed = (since: number, ms: number): boolean => now < since || now - since >= ms
  if (firedAt === undefined || repeatedAt === undefined) {
    // An update silences the first, which must have gone out by then; and it waits itself while a run is at work.
    const early =
      update && level >= callsPeople && (calledAt === undefined || !passed(calledAt, firesAtLeast))
    return early ? undefined : 'fire'
  }
  if (incident.recoveredAt !== undefined && passed(firedAt, firesAtLeast)) return 'resolve'
  return passed(repeatedAt, repeatEvery) ? 'fire' : undefined
}
