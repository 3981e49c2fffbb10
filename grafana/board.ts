/** What every dashboard begins with. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { amongDashboards, hostsTag, tag, toAnyContainer } from './links.ts'
import { datasource, instance, instances, job, name } from './variables.ts'

/** What a dashboard is called. */
export type Title = { uid: string; title: string; description: string }

/** A dashboard of one container. */
export const ofContainer = (title: Title): dashboard.DashboardBuilder =>
  board(title)
    .tags([tag])
    .refresh('5s')
    .links([amongDashboards()])
    .withVariable(datasource())
    .withVariable(job())
    .withVariable(instance())
    .withVariable(name())

/** A dashboard of one host or several. */
export const ofHosts = (title: Title): dashboard.DashboardBuilder =>
  board(title)
    .tags([tag, hostsTag])
    .refresh('10s')
    .links([amongDashboards(), toAnyContainer()])
    .withVariable(datasource())
    .withVariable(job())
    .withVariable(instances())

const board = ({ uid, title, description }: Title): dashboard.DashboardBuilder =>
  new dashboard.DashboardBuilder(`pidwarden / ${title}`)
    .uid(uid)
    .description(description)
    .readonly()
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)

/** A row of panels. */
export const row = (title: string): dashboard.RowBuilder => new dashboard.RowBuilder(title)

/** A row of panels for each of the selected hosts. */
export const rowByHost = (title: string): dashboard.RowBuilder =>
  new dashboard.RowBuilder(`${title} $instance`).repeat('instance')
