/** State timelines: what was when, and for how long. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline'
import { fixed } from './colors.ts'
import { type About, describe } from './panel.ts'
import type { Query } from './query.ts'

/**
 * A row for each series, with words for its values. A state timeline cannot say what an empty one means, so at least
 * one of the queries must always have something to show.
 */
export const timeline = (
  about: Omit<About, 'unit'>,
  mappings: dashboard.ValueMapping[],
  ...queries: Query[]
): statetimeline.PanelBuilder =>
  describe(
    new statetimeline.PanelBuilder()
      // By thresholds Grafana would name the states after those, not by the words.
      .colorScheme(fixed('blue'))
      .mappings(mappings)
      .rowHeight(0.8)
      .legend(
        new common.VizLegendOptionsBuilder()
          .displayMode(common.LegendDisplayMode.List)
          .placement(common.LegendPlacement.Bottom)
          .showLegend(false)
          .calcs([]),
      )
      .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Single)),
    { ...about, unit: 'none' },
    queries,
  )
