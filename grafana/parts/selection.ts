/** What the reader picked, as label matchers. Every query about pidwarden carries one of these. */

/** The data source that the reader picked: a dashboard never names one of its own. */
export const source = { type: 'prometheus', uid: '$datasource' }

/** One host. */
export const host = 'job="$job", instance="$instance"'

/** One container. A name is unique on its host only. */
export const container = `${host}, name="$name"`

/** One host or several: Grafana makes a regular expression of them. */
export const hosts = 'job="$job", instance=~"$instance"'
