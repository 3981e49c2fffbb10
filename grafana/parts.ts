/** What every dashboard is made of: one data source, one selection, one look. */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge'
import * as common from '@grafana/grafana-foundation-sdk/common'
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus'
import * as stat from '@grafana/grafana-foundation-sdk/stat'
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'

/** The data source that the reader picked: a dashboard never names one of its own. */
export const source = { type: 'prometheus', uid: '$datasource' }

/** Label matchers of the host that the reader picked. */
export const host = 'job="$job", instance="$instance"'

/** Label matchers of the container that the reader picked. A name is unique on its host only. */
export const container = `${host}, name="$name"`

/** What a panel says about itself. `description` names the source of the figures; tests insist on it. */
export type About = { title: string; description: string; unit: string; width: number; height?: number }

/** A query over the selected time range. */
export const over = (expr: string, legend: string): prometheus.DataqueryBuilder =>
  new prometheus.DataqueryBuilder().datasource(source).expr(expr).legendFormat(legend).range()

/** A query for the end of the selected time range. */
export const now = (expr: string, legend: string): prometheus.DataqueryBuilder =>
  new prometheus.DataqueryBuilder().datasource(source).expr(expr).legendFormat(legend).instant()

/** The thresholds of a resource as exported by pidwarden, so that a drawn line is the line that alerts. */
export const tiers = (resource: string): prometheus.DataqueryBuilder =>
  over(`pidwarden_container_threshold{${container}, resource="${resource}"}`, '{{tier}} tier')

/** A graph over time. */
export function graph(about: About, ...queries: prometheus.DataqueryBuilder[]): timeseries.PanelBuilder {
  const panel = new timeseries.PanelBuilder()
    .lineWidth(2)
    .fillOpacity(10)
    .showPoints(common.VisibilityMode.Never)
    .min(0)
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
  for (const [tier, color] of Object.entries(tierColors)) {
    panel.overrideByName(`${tier} tier`, [
      { id: 'color', value: { mode: 'fixed', fixedColor: color } },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
      { id: 'custom.lineWidth', value: 1 },
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'custom.stacking', value: { mode: 'none' } },
    ])
  }
  return describe(panel, about, queries)
}

/** One figure with its recent course behind it. */
export function figure(about: About, ...queries: prometheus.DataqueryBuilder[]): stat.PanelBuilder {
  const panel = new stat.PanelBuilder()
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Value)
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Fixed).fixedColor('blue'))
  return describe(panel, about, queries)
}

/** One bar for each series, the longest first as the query sorts them. */
export function bars(about: About, ...queries: prometheus.DataqueryBuilder[]): bargauge.PanelBuilder {
  const panel = new bargauge.PanelBuilder()
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .min(0)
    .decimals(0)
    .noValue('none in this range')
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Fixed).fixedColor('blue'))
  return describe(panel, about, queries)
}

const tierColors = { warning: 'yellow', critical: 'orange', emergency: 'red', nuclear: 'purple' }

/** Numbers the panels: Grafana invents an id where there is none, and links to a panel would not last. */
export function numbered(result: dashboard.Dashboard): dashboard.Dashboard {
  result.panels?.forEach((panel, index) => {
    panel.id = index + 1
  })
  return result
}

/** The part of a panel builder that every kind of panel shares. */
type Describable = Pick<
  timeseries.PanelBuilder,
  'title' | 'description' | 'unit' | 'datasource' | 'span' | 'height' | 'targets'
>

function describe<P extends { [K in keyof Describable]: (...args: Parameters<Describable[K]>) => unknown }>(
  panel: P,
  about: About,
  queries: prometheus.DataqueryBuilder[],
): P {
  panel.title(about.title)
  panel.description(about.description)
  panel.unit(about.unit)
  panel.datasource(source)
  panel.span(about.width)
  panel.height(about.height ?? 8)
  // Grafana tells the queries of a panel apart by these letters; without them only one is drawn.
  panel.targets(queries.map((query, index) => query.refId(String.fromCharCode(65 + index))))
  return panel
}
