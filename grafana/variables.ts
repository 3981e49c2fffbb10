/** The choices at the head of a dashboard. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { source } from './parts.ts'

/** Which Prometheus: the first one that Grafana knows, unless the reader picks another. */
export const datasource = (): Builder<dashboard.VariableModel> =>
  new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus')

/**
 * A choice among the values of a label of the info metric. One at a time, because two hosts may each have a
 * container of the same name and a sum of both would describe neither.
 */
export const choice = (label: string, title: string, matchers = ''): Builder<dashboard.VariableModel> =>
  new dashboard.QueryVariableBuilder(label)
    .label(title)
    .datasource(source)
    .query({
      query: `label_values(pidwarden_container_info${matchers}, ${label})`,
      refId: `pidwarden-${label}`,
    })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalCaseInsensitiveAsc)
