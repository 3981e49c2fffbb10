/** The dashboard "pidwarden / Container": everything about one container of one host. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { gaps, oomKills, restarts, runs } from './annotations.ts'
import { ofContainer, row } from './board.ts'
import * as course from './panels/course.ts'
import * as cpu from './panels/cpu.ts'
import * as figures from './panels/figures.ts'
import * as leaks from './panels/leaks.ts'
import * as lifecycle from './panels/lifecycle.ts'
import * as limits from './panels/limits.ts'
import * as memory from './panels/memory.ts'
import * as processes from './panels/processes.ts'
import { container, host } from './parts/selection.ts'
import { uids } from './uids.ts'

/** Builds the dashboard. */
export const build = (): dashboard.Dashboard =>
  ofContainer({
    uid: uids.container,
    title: 'Container',
    description: 'Processes, leaks, memory, CPU, limits and the life of one container.',
  })
    .annotations([restarts(container), oomKills(container), runs(container), gaps(host)])
    .withPanel(figures.policy())
    .withPanel(figures.state())
    .withPanel(figures.health())
    .withPanel(figures.incident())
    .withPanel(figures.person())
    .withPanel(figures.counted())
    .withPanel(figures.headroom())
    .withPanel(figures.excess())
    .withPanel(figures.workingSet())
    .withPanel(figures.memoryUsed())
    .withPanel(figures.cores())
    .withRow(row('Processes'))
    .withPanel(processes.processes())
    .withPanel(processes.pids())
    .withPanel(processes.kinds())
    .withPanel(processes.trend())
    .withPanel(processes.startup())
    .withPanel(processes.starts())
    .withRow(row('Leaks'))
    .withPanel(leaks.commands())
    .withPanel(leaks.duplicates())
    .withPanel(leaks.instances())
    .withPanel(leaks.orphans())
    .withPanel(leaks.zombies())
    .withRow(row('Memory and CPU'))
    .withPanel(memory.memory())
    .withPanel(cpu.cpu())
    .withPanel(cpu.throttling())
    .withRow(row('Where it is going'))
    .withPanel(course.untilPids())
    .withPanel(course.untilMemory())
    .withPanel(course.refused())
    .withPanel(memory.oomKills())
    .withRow(row('Life'))
    .withPanel(lifecycle.life())
    .withPanel(lifecycle.uptime())
    .withPanel(lifecycle.started())
    .withPanel(lifecycle.starts())
    .withPanel(lifecycle.restarts())
    .withPanel(lifecycle.exitCode())
    .withRow(row('Limits'))
    .withPanel(limits.limits())
    .withPanel(limits.enforced())
    .withPanel(limits.unheld())
    .withPanel(limits.policyErrors())
    .build()
