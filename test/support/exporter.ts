import { createObserver } from '../../src/census/observe.ts'
import { policyFor } from '../../src/census/policies.ts'
import { parseConfig } from '../../src/config.ts'
import type { Cgroups } from '../../src/host/cgroup.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import type { Procfs } from '../../src/host/procfs.ts'
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts'
import { createSimulatedClock } from './simulated-clock.ts'

/** What an exporter reads: a /proc, cgroups, and which containers there are. */
export interface ExporterHost {
  readonly procfs: Procfs
  readonly cgroups: Cgroups
  readonly containers: readonly KnownContainer[]
  /** Names that the configuration expects. */
  readonly expected?: readonly string[]
}

/** The exporter of a pidwarden that only counts: there is no journal, and nothing is remediated. */
export function exporterOver({ procfs, cgroups, containers, expected = [] }: ExporterHost): Metrics {
  const nothing = async (): Promise<never> => {
    throw new Error('nothing is asked of it')
  }
  const clock = createSimulatedClock()
  const config = parseConfig('', 'none')
  const policyOf = policyFor(config)
  return createMetrics({
    inventory: {
      state: () => ({ connected: true, listedAt: 0, error: undefined }),
      containers: () => containers,
      get: (id) => containers.find((one) => one.id === id),
      everKnew: () => true,
      refresh: nothing,
      follow: nothing,
    },
    observer: createObserver({ procfs, cgroups, clock, policyOf, hostCores: 2, ownPid: 1 }),
    journal: {
      runTally: () => [],
      actionTally: () => [],
      signalTally: () => [],
      stop: () => undefined,
    } as never,
    runner: {
      submit: () => {},
      plan: () => Promise.reject(new Error('nothing is remediated here')),
      knows: () => false,
      inProgress: () => [],
      halt: () => {},
      drain: async () => {},
    },
    system: { read: nothing },
    clock,
    procfs,
    wanted: () => ({ expected, openFds: false, configured: true, host: config.host }),
    missingPrivileges: () => 0,
    alertmanagerUp: () => undefined,
    version: '0.0.0',
    warn: () => {},
  })
}
