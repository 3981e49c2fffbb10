/** The dashboard "pidwarden / Fleet": all containers of one host or several, the worst first. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { gaps, oomKills, restarts, runs } from './annotations.ts'
import { ofHosts, row, rowByHost } from './board.ts'
import * as fire from './panels/fire.ts'
import * as fleet from './panels/fleet.ts'
import * as host from './panels/host.ts'
import * as incidents from './panels/incidents.ts'
import * as top from './panels/top.ts'
import { hosts } from './parts/selection.ts'
import { uids } from './uids.ts'

/** Builds the dashboard. */
export const build = (): dashboard.Dashboard =>
  ofHosts({
    uid: uids.fleet,
    title: 'Fleet',
    description: 'What is on fire, which containers come next, and whether the hosts can bear it.',
  })
    .annotations([restarts(hosts), oomKills(hosts), runs(hosts), gaps(hosts)])
    .withPanel(fleet.byTier())
    .withPanel(fleet.incidents())
    .withPanel(fleet.persons())
    .withPanel(fleet.atWork())
    .withPanel(fleet.byMode())
    .withPanel(fleet.unwell())
    .withRow(row('On fire'))
    .withPanel(fire.tiers())
    .withPanel(incidents.open())
    .withPanel(fire.troubled())
    .withPanel(fire.people())
    .withRow(row('Containers'))
    .withPanel(top.all())
    .withPanel(top.processes())
    .withPanel(top.headroom())
    .withPanel(top.memory())
    .withPanel(top.duplicates())
    .withRow(rowByHost('Host'))
    .withPanel(host.memory())
    .withPanel(host.cpu())
    .withPanel(host.tasks())
    .withPanel(host.pressure())
    .build()
