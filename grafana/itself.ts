/** The dashboard "pidwarden / Itself": whether counting, alerting and healing work at all. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { gaps } from './annotations.ts'
import { ofHosts, row, rowByHost } from './board.ts'
import * as delivery from './panels/delivery.ts'
import * as host from './panels/host.ts'
import * as itself from './panels/itself.ts'
import { hosts } from './parts/selection.ts'
import { uids } from './uids.ts'

/** Builds the dashboard. */
export const build = (): dashboard.Dashboard =>
  ofHosts({
    uid: uids.itself,
    title: 'Itself',
    description: 'Whether pidwarden is there, may do what it must, and hears of alerts in time.',
  })
    .annotations([gaps(hosts)])
    .withPanel(itself.up())
    .withPanel(itself.docker())
    .withPanel(itself.alertmanager())
    .withPanel(itself.configuration())
    .withPanel(itself.privileges())
    .withPanel(itself.watchdog())
    .withPanel(delivery.alerts())
    .withPanel(itself.versions())
    .withPanel(itself.course())
    .withRow(row('Counting'))
    .withPanel(itself.scrapes())
    .withPanel(itself.samples())
    .withPanel(itself.collectors())
    .withPanel(itself.collectorTimes())
    .withRow(row('From a rule to a deed'))
    .withPanel(delivery.rules())
    .withPanel(delivery.handedOver())
    .withPanel(delivery.notifications())
    .withPanel(delivery.latency())
    .withPanel(delivery.watchdog())
    .withPanel(delivery.failures())
    .withPanel(delivery.cut())
    .withRow(rowByHost('Host of pidwarden'))
    .withPanel(host.memory())
    .withPanel(host.cpu())
    .withPanel(host.tasks())
    .withPanel(host.pressure())
    .build()
