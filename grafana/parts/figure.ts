/** Single figures. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import * as stat from '@grafana/grafana-foundation-sdk/stat'
import { alarming, fixed } from './colors.ts'
import { type About, describe } from './panel.ts'
import type { Query } from './query.ts'

/**
 * One figure for each series, as it is at the end of the range. No course behind it: that would take a query over the
 * range, whose last value is still there when what it was measured of is gone.
 */
export const figure = (about: About, ...queries: Query[]): stat.PanelBuilder =>
  describe(
    new stat.PanelBuilder()
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
      .graphMode(common.BigValueGraphMode.None)
      .colorMode(common.BigValueColorMode.Value)
      .colorScheme(fixed('blue')),
    about,
    queries,
  )

/** A number that is shown as a word. */
export const word = (
  about: Omit<About, 'unit'>,
  mappings: dashboard.ValueMapping[],
  ...queries: Query[]
): stat.PanelBuilder => figure({ ...about, unit: 'none' }, ...queries).mappings(mappings)

/** A count of what should not be there: plain while it is 0, coloured from 1 on. */
export function alarm(about: Omit<About, 'unit'>, color: string, ...queries: Query[]): stat.PanelBuilder {
  const { scheme, thresholds } = alarming(color)
  return figure({ ...about, unit: 'none' }, ...queries)
    .decimals(0)
    .colorScheme(scheme)
    .thresholds(thresholds)
}
