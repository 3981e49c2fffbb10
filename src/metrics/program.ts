import type { Exposition } from './exposition.ts'
import type { Collector, MetricsPorts } from './metrics.ts'

/** What the program says of itself. */
export function programCollector(
  exposition: Exposition,
  { version, wanted, missingPrivileges, alertmanagerUp }: MetricsPorts,
): Collector {
  const build = exposition.gauge('build_info', 'The running version; always 1.', ['version', 'node'])
  const configured = exposition.gauge(
    'config_last_reload_successful',
    '1 while the configuration on file is the one in force, 0 after a new one was refused.',
  )
  const privileges = exposition.gauge(
    'privileges_missing',
    'How many privileges are missing; /readyz names each, and what does not work without it.',
  )
  const told = exposition.gauge(
    'alertmanager_up',
    '1 while every Alertmanager takes what pidwarden tells of incidents; absent when there is none to tell.',
  )
  return {
    name: 'configuration',
    collect() {
      build.set({ version, node: process.versions.node }, 1)
      configured.set({}, wanted().configured ? 1 : 0)
      privileges.set({}, missingPrivileges())
      const up = alertmanagerUp()
      if (up !== undefined) told.set({}, up ? 1 : 0)
    },
  }
}
