/** The dashboard "pidwarden / Container": everything about one container of one host. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import * as figures from './panels/figures.ts'
import * as leaks from './panels/leaks.ts'
import * as memory from './panels/memory.ts'
import * as processes from './panels/processes.ts'
import * as remediation from './panels/remediation.ts'
import { host } from './parts.ts'
import { choice, datasource } from './variables.ts'

/** The uid is fixed: alerts link to it. */
export const uid = 'pidwarden-container'

/** Builds the dashboard. */
export const build = (): dashboard.Dashboard =>
  new dashboard.DashboardBuilder('pidwarden / Container')
    .uid(uid)
    .description('Processes, leaks, memory and remediation of one container.')
    .tags(['pidwarden'])
    .readonly()
    .time({ from: 'now-1h', to: 'now' })
    .refresh('5s')
    .timezone('browser')
    .annotations([])
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .withVariable(datasource())
    .withVariable(choice('job', 'Job'))
    .withVariable(choice('instance', 'Host', '{job="$job"}'))
    .withVariable(choice('name', 'Container', `{${host}}`))
    .withPanel(figures.policy())
    .withPanel(figures.counted())
    .withPanel(figures.headroom())
    .withPanel(figures.excess())
    .withPanel(figures.workingSet())
    .withRow(new dashboard.RowBuilder('Processes'))
    .withPanel(processes.processes())
    .withPanel(processes.pids())
    .withRow(new dashboard.RowBuilder('Leaks'))
    .withPanel(leaks.duplicates())
    .withPanel(leaks.instances())
    .withPanel(leaks.orphans())
    .withPanel(processes.starts())
    .withRow(new dashboard.RowBuilder('Memory'))
    .withPanel(memory.memory())
    .withRow(new dashboard.RowBuilder('Remediation on this host'))
    .withPanel(remediation.runs())
    .withPanel(remediation.signals())
    .build()
