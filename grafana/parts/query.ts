/** Queries, and why they may have nothing to show. */
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus'
import { container, hosts, source } from './selection.ts'

const reasons = new WeakMap<object, string>()

/** A query that can say why it has no data where all is well. */
export class Query extends prometheus.DataqueryBuilder {
  /** There may be no data on a healthy host that has never leaked, and this is why. */
  emptyWhenHealthy(reason: string): this {
    reasons.set(this.internal, reason)
    return this
  }
}

/** The reason that was given for a query that has been built; undefined where there must be data. */
export const reasonOf = (target: object): string | undefined => reasons.get(target)

/** A query over the selected time range. */
export const over = (expr: string, legend: string): Query =>
  new Query().datasource(source).expr(expr).legendFormat(legend).range()

/** A query for the end of the selected time range. */
export const now = (expr: string, legend: string): Query =>
  new Query().datasource(source).expr(expr).legendFormat(legend).instant()

/** The same for a table: a row for each series, a column for each label that the expression leaves. */
export const rows = (expr: string): Query =>
  new Query().datasource(source).expr(expr).format(prometheus.PromQueryFormat.Table).instant()

/** The thresholds of a resource as exported by pidwarden, so that a drawn line is the line that alerts. */
export const tiers = (resource: string): Query =>
  over(`pidwarden_container_threshold{${container}, resource="${resource}"}`, '{{tier}} tier')

/** The same for a resource of the host. */
export const hostTiers = (resource: string): Query =>
  over(`pidwarden_host_threshold{${hosts}, resource="${resource}"}`, '{{tier}} tier')

/** How a query is told from the others of its panel. Grafana draws only one of those that have no such letter. */
export const letter = (index: number): string => String.fromCharCode(65 + index)
