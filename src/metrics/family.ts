import type { Observation } from '../census/observe.ts'
import type { Exposition } from './exposition.ts'

/**
 * A group of families: declares them once, and returns what fills them from one census. All samples are forgotten
 * before, so that a series is gone with its container in the very next scrape.
 */
export type CensusFamily = (exposition: Exposition) => (observations: readonly Observation[]) => void
