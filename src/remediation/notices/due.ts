import type { Delivery, Notice } from '../../journal/notices.ts'

/** Alertmanager takes an alert for resolved unless it hears of it again; each post says it fires so long, milliseconds. */
export const firesFor = 300_000

/** How often it hears of it, milliseconds. */
const repeatEvery = 60_000

/** An alert that ends before its group was sent is never sent: it fires at least so long, milliseconds. */
const firesAtLeast = 60_000

/** What one Alertmanager is to be told of a notice now. Pure; a clock that was put back does not hold anything up. */
export function dueNow(
  { incident }: Notice,
  { firedAt, repeatedAt = firedAt }: Delivery,
  now: number,
): 'fire' | 'resolve' | undefined {
  if (firedAt === undefined || repeatedAt === undefined) return 'fire'
  const passed = (since: number, ms: number): boolean => now < since || now - since >= ms
  if (incident.recoveredAt !== undefined && passed(firedAt, firesAtLeast)) return 'resolve'
  return passed(repeatedAt, repeatEvery) ? 'fire' : undefined
}
