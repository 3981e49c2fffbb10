/** The dashboard "pidwarden / Remediation": what pidwarden was asked for, did and achieved. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { gaps, restarts } from './annotations.ts'
import { ofHosts, row } from './board.ts'
import * as deeds from './panels/deeds.ts'
import * as fleet from './panels/fleet.ts'
import * as incidents from './panels/incidents.ts'
import * as runs from './panels/runs.ts'
import { hosts } from './parts/selection.ts'
import { uids } from './uids.ts'

/** Builds the dashboard. */
export const build = (): dashboard.Dashboard =>
  ofHosts({
    uid: uids.remediation,
    title: 'Remediation',
    description: 'Incidents, runs of playbooks, what they did, and whether it helped.',
  })
    .annotations([restarts(hosts), gaps(hosts)])
    .withPanel(incidents.acting())
    .withPanel(fleet.incidents())
    .withPanel(fleet.persons())
    .withPanel(fleet.atWork())
    .withPanel(deeds.delivered())
    .withRow(row('Incidents'))
    .withPanel(incidents.course())
    .withPanel(incidents.open())
    .withPanel(incidents.longest())
    .withPanel(incidents.persons())
    .withPanel(incidents.work())
    .withRow(row('Runs'))
    .withPanel(runs.outcomes())
    .withPanel(runs.reasons())
    .withPanel(runs.durations())
    .withPanel(runs.course())
    .withPanel(runs.meanDuration())
    .withRow(row('What was done'))
    .withPanel(deeds.signals())
    .withPanel(deeds.actions())
    .withPanel(deeds.alerts())
    .build()
