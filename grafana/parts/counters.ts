/**
 * Counters whose series begin with the first event. `increase` sees nothing of that event, because it has no sample
 * before it, and on a quiet host the first event is the only one. So these compare two moments, and take no series
 * for nothing counted. The journal's counters never start again; one that has is taken as it stands.
 */
import { hosts } from './selection.ts'

/** How much a counter gained in the selected range, added up by labels. */
export function gained(counter: string, by: string, matchers = hosts): string {
  const after = `sum by (${by}) (${counter}{${matchers}})`
  // A scrape may have failed right when the range begins, so the last one of the minutes before it counts.
  const before = `sum by (${by}) (last_over_time(${counter}{${matchers}}[5m] offset $__range))`
  return `(((${after} - (${before} or 0 * ${after})) >= 0) or ${after})`
}

/** The same, largest first, and without what gained nothing. */
export const ranked = (counter: string, by: string): string => `sort_desc(${gained(counter, by)} > 0)`

/**
 * How much a counter gained from one point of a graph to the next, added up by labels. Where pidwarden was not
 * scraped at the point before, nothing is known: what was counted long ago would look like an outburst.
 */
export function steps(counter: string, by: string): string {
  const after = `${counter}{${hosts}}`
  const before = `(${after} offset $__interval or 0 * ${after})`
  const scraped = `(up{${hosts}} offset $__interval == 1)`
  return `sum by (${by}) ((${after} - ${before} and on (job, instance) ${scraped}) >= 0)`
}
