/** Bars, for what is to be compared. */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge'
import * as common from '@grafana/grafana-foundation-sdk/common'
import { fixed } from './colors.ts'
import { type About, describe } from './panel.ts'
import type { Query } from './query.ts'

/** One bar for each series, the longest first as the query sorts them. */
export const bars = (about: About, ...queries: Query[]): bargauge.PanelBuilder =>
  describe(
    new bargauge.PanelBuilder()
      .orientation(common.VizOrientation.Horizontal)
      .displayMode(common.BarGaugeDisplayMode.Basic)
      .namePlacement(common.BarGaugeNamePlacement.Left)
      .valueMode(common.BarGaugeValueMode.Text)
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
      .min(0)
      .noValue('none in this range')
      .colorScheme(fixed('blue')),
    about,
    queries,
  )
