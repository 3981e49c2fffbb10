/** Marks across all graphs of a dashboard: what happened when. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { over, type Query } from './parts/query.ts'
import { source } from './parts/selection.ts'

type Mark = { name: string; color: string; title: string; text: string; query: Query }

/** Containers that were started anew, by whomever. */
export const restarts = (matchers: string) =>
  marks({
    name: 'Restarts',
    color: 'orange',
    title: 'Container started',
    text: '{{name}} on {{instance}}',
    query: over(
      `changes(pidwarden_container_start_time_seconds{${matchers}}[$__rate_interval]) > 0`,
      '{{name}}',
    ).emptyWhenHealthy('nothing was restarted'),
  })

/** Processes that the kernel ended for want of memory. */
export const oomKills = (matchers: string) =>
  marks({
    name: 'OOM kills',
    color: 'red',
    title: 'Ended for want of memory',
    text: '{{name}} on {{instance}}',
    query: over(
      `increase(pidwarden_container_oom_kills_total{${matchers}}[$__rate_interval]) > 0`,
      '{{name}}',
    ).emptyWhenHealthy('nothing was ended for want of memory'),
  })

/** Runs of playbooks, from their beginning to their end. A short one falls between two points of a long range. */
export const runs = (matchers: string) =>
  marks({
    name: 'Runs',
    color: 'blue',
    title: 'pidwarden at work',
    text: '{{name}} on {{instance}}',
    query: over(
      `max_over_time(pidwarden_remediation_in_progress{${matchers}}[$__rate_interval])`,
      '{{name}}',
    ).emptyWhenHealthy('nothing had to be done'),
  })

/** Times in which Prometheus could not scrape pidwarden: everything else is unknown then. */
export const gaps = (matchers: string) =>
  marks({
    name: 'pidwarden away',
    color: 'purple',
    title: 'pidwarden could not be scraped',
    text: '{{instance}}',
    query: over(`up{${matchers}} == bool 0`, '{{instance}}'),
  })

/** Not the builder of the SDK, which hides every annotation in a menu. */
function marks({ name, color, title, text, query }: Mark): Builder<dashboard.AnnotationQuery> {
  return {
    build: () => ({
      name,
      datasource: source,
      enable: true,
      hide: false,
      iconColor: color,
      target: query.refId('Anno').build(),
      titleFormat: title,
      textFormat: text,
      tagKeys: 'name,instance',
    }),
  }
}
