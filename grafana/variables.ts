/** The choices at the head of a dashboard. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { host, source } from './parts/selection.ts'

type Choice = Builder<dashboard.VariableModel>

/** Which Prometheus: the first one that Grafana knows, unless the reader picks another. */
export const datasource = (): Choice =>
  new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus')

/** Which job scrapes pidwarden. The metric is there as soon as one host was scraped, also without a container. */
export const job = (): Choice => choice('job', 'Job', 'pidwarden_build_info')

/**
 * Which host. One, because two hosts may each have a container of the same name and a sum of both would describe
 * neither.
 */
export const instance = (): Choice => choice('instance', 'Host', 'pidwarden_container_info{job="$job"}')

/** Which container of the host. */
export const name = (): Choice => choice('name', 'Container', `pidwarden_container_info{${host}}`)

/** Which hosts, all of them at first. A host whose pidwarden is down has no metric but `up`. */
export const instances = (): Choice =>
  choice('instance', 'Hosts', 'up{job="$job"}')
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] })

function choice(label: string, title: string, selector: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(label)
    .label(title)
    .datasource(source)
    .query({ query: `label_values(${selector}, ${label})`, refId: `pidwarden-${label}` })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalCaseInsensitiveAsc)
}
