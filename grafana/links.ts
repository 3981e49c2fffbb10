/** Ways from one dashboard to another. The job and the time range always come along. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { uids } from './uids.ts'

/** Every dashboard has this tag. */
export const tag = 'pidwarden'

/** Dashboards that can show several hosts at once. */
export const hostsTag = 'pidwarden-hosts'

const toContainers = `/d/${uids.container}?var-datasource=\${datasource}&var-job=\${job:percentencode}`
const withTime = `\${__url_time_range}`

/** From a row of a table to its container: the table must have the columns `instance` and `name`. */
export const fromRow = {
  title: 'Show the container',
  url: `${toContainers}&var-instance=\${__data.fields.instance:percentencode}&var-name=\${__data.fields.name:percentencode}&${withTime}`,
}

/** From a bar to its container: the series must have the labels `instance` and `name`. */
export const fromSeries = dataLink(
  'Show the container',
  `${toContainers}&var-instance=\${__field.labels.instance:percentencode}&var-name=\${__field.labels.name:percentencode}&${withTime}`,
)

/** From a figure to a dashboard of the same hosts. */
export const toDashboard = (title: string, uid: string) =>
  dataLink(
    title,
    `/d/${uid}?var-datasource=\${datasource}&\${job:queryparam}&\${instance:queryparam}&${withTime}`,
  )

/** To every dashboard that can show what is selected here. */
export const amongDashboards = () =>
  link({
    title: 'pidwarden',
    type: dashboard.DashboardLinkType.Dashboards,
    tags: [hostsTag],
    includeVars: true,
  })

/**
 * To the dashboard of one container from those of several hosts. The selection stays behind, because `All` is no
 * host: the first container of the first host is shown, and the reader picks another.
 */
export const toAnyContainer = () =>
  link({ title: 'pidwarden / Container', type: dashboard.DashboardLinkType.Link, url: toContainers })

function dataLink(title: string, url: string) {
  return link({ title, type: dashboard.DashboardLinkType.Link, url, keepTime: false })
}

/** Not the builder of the SDK, which hides every link in a menu. */
function link(given: Pick<dashboard.DashboardLink, 'title' | 'type'> & Partial<dashboard.DashboardLink>): {
  build(): dashboard.DashboardLink
} {
  return {
    build: () => ({
      icon: given.type === dashboard.DashboardLinkType.Dashboards ? 'external link' : 'dashboard',
      tooltip: '',
      tags: [],
      asDropdown: false,
      targetBlank: false,
      includeVars: false,
      keepTime: true,
      ...given,
    }),
  }
}
