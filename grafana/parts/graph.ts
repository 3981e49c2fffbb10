/** Graphs over time. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'
import { tierColors } from './colors.ts'
import { type About, describe } from './panel.ts'
import type { Query } from './query.ts'

/** A graph over time, from 0 on. Series called `limit` or `… tier` are drawn as dashed lines. */
export const graph = (about: About, ...queries: Query[]): timeseries.PanelBuilder =>
  plain(about, queries).min(0)

/** A graph of what may be below 0 as well. */
export const swings = (about: About, ...queries: Query[]): timeseries.PanelBuilder =>
  plain(about, queries).axisCenteredZero(true)

function plain(about: About, queries: Query[]): timeseries.PanelBuilder {
  const panel = new timeseries.PanelBuilder()
    .lineWidth(2)
    .fillOpacity(10)
    .showPoints(common.VisibilityMode.Never)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    )
  for (const [tier, color] of Object.entries(tierColors)) dashed(panel, `${tier} tier`, color)
  dashed(panel, 'limit', 'text')
  return describe(panel, about, queries)
}

/** A graph of what happened from point to point: bars, one on top of the other. */
export const events = (about: About, ...queries: Query[]): timeseries.PanelBuilder =>
  graph(about, ...queries)
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(80)
    .lineWidth(0)
    .stacking(stacked())

/** Series on top of each other, where their sum says something. */
export const stacked = (): common.StackingConfigBuilder =>
  new common.StackingConfigBuilder().mode(common.StackingMode.Normal)

/** An axis for what differs by orders of magnitude. */
export const logarithmic = (): common.ScaleDistributionConfigBuilder =>
  new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Log).log(10)

/** A line that the others are held against: it is neither filled nor stacked. */
function dashed(panel: timeseries.PanelBuilder, name: string, color: string): void {
  panel.overrideByName(name, [
    { id: 'color', value: { mode: 'fixed', fixedColor: color } },
    { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
    { id: 'custom.lineWidth', value: 1 },
    { id: 'custom.fillOpacity', value: 0 },
    { id: 'custom.stacking', value: { mode: 'none' } },
  ])
}
