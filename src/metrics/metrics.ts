import { Registry } from 'prom-client'
import type { Observer } from '../census/observe.ts'
import type { Clock } from '../host/clock.ts'
import type { Inventory } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import { errorMessage } from '../host/reading.ts'
import type { HostSystem } from '../host/system.ts'
import type { JournalReader } from '../journal/reader.ts'
import type { CountAlert } from '../remediation/intake.ts'
import type { Runner } from '../remediation/runner.ts'
import { absent } from './absent.ts'
import { commands } from './commands.ts'
import { cpu } from './cpu.ts'
import { type CensusFamily, counter, gauge } from './family.ts'
import { files } from './files.ts'
import { host } from './host.ts'
import { info } from './info.ts'
import { limits } from './limits.ts'
import { memory } from './memory.ts'
import { pids } from './pids.ts'
import { processes } from './processes.ts'
import { remediation } from './remediation.ts'
import { state } from './state.ts'
import { thresholds } from './thresholds.ts'

/** Families that one census fills. */
const censusFamilies: readonly CensusFamily[] = [
  info,
  state,
  processes,
  pids,
  memory,
  cpu,
  commands,
  limits,
  thresholds,
]

/** What the metrics are told from. */
export interface MetricsPorts {
  readonly inventory: Inventory
  readonly observer: Observer
  readonly journal: JournalReader
  readonly runner: Runner
  readonly system: HostSystem
  readonly clock: Clock
  readonly version: string
  readonly procfs: Pick<Procfs, 'openFds'>
  /** What the configuration says now of what to measure. */
  readonly wanted: () => {
    readonly expected: readonly string[]
    readonly openFds: boolean
    readonly configured: boolean
  }
  warn(details: object, message: string): void
}

/** How the last scrape went for one collector. */
export interface CollectorState {
  readonly name: string
  readonly error: string | undefined
}

/** The exporter. */
export interface Metrics {
  /** `text/plain; version=0.0.4`: Prometheus 3 refuses a scrape without it. */
  readonly contentType: string
  /** Measures and renders; scrapes that come at once share one measurement. Never throws. */
  render(): Promise<string>
  /** Collectors as they were at the last scrape. */
  collectors(): readonly CollectorState[]
  readonly countAlert: CountAlert
}

interface Collector {
  readonly name: string
  collect(): Promise<void> | void
}

/** The exporter of this process, on a registry of its own. */
export function createMetrics(ports: MetricsPorts): Metrics {
  const registry = new Registry()
  const success = gauge(
    registry,
    'collector_success',
    '1 when the collector could read everything it wanted.',
    ['collector'],
  )
  const duration = gauge(registry, 'collector_duration_seconds', 'How long the collector took.', [
    'collector',
  ])
  const alerts = counter(registry, 'alerts_received_total', 'Alerts taken in, by verdict and reason.', [
    'verdict',
    'reason',
  ])
  const build = gauge(registry, 'build_info', 'The running version; always 1.', ['version', 'node'])
  build.set({ version: ports.version, node: process.versions.node }, 1)
  const collectors = [
    dockerCollector(registry, ports),
    censusCollector(registry, ports),
    { name: 'host', collect: host(registry, ports.system) },
  ]
  const configured = gauge(
    registry,
    'config_last_reload_successful',
    '1 while the configuration on file is the one in force, 0 after a new one was refused.',
    [],
  )
  collectors.push({ name: 'configuration', collect: () => configured.set(ports.wanted().configured ? 1 : 0) })
  const fill = remediation(registry, ports.journal, ports.runner)
  collectors.push({ name: 'journal', collect: fill })
  const errors = new Map<string, string>()

  async function measure(): Promise<string> {
    for (const { name, collect } of collectors) {
      const begun = ports.clock.monotonic()
      try {
        await collect()
        success.set({ collector: name }, 1)
        errors.delete(name)
      } catch (error) {
        const message = errorMessage(error)
        if (errors.get(name) !== message) ports.warn({ collector: name, error: message }, 'collector failed')
        errors.set(name, message)
        success.set({ collector: name }, 0)
      }
      duration.set({ collector: name }, (ports.clock.monotonic() - begun) / 1000)
    }
    return await registry.metrics()
  }

  let underWay: Promise<string> | undefined
  return {
    contentType: registry.contentType,
    render() {
      underWay ??= measure().finally(() => {
        underWay = undefined
      })
      return underWay
    },
    collectors: () => collectors.map(({ name }) => ({ name, error: errors.get(name) })),
    countAlert: (verdict, reason) => alerts.inc({ verdict, reason }),
  }
}

function dockerCollector(registry: Registry, { inventory }: MetricsPorts): Collector {
  const up = gauge(registry, 'docker_up', '1 while the Docker engine answers.', [])
  return {
    name: 'docker',
    collect() {
      const { connected, error } = inventory.state()
      up.set(connected ? 1 : 0)
      if (!connected) throw new Error(error ?? 'not connected to Docker')
    },
  }
}

/** The kernel goes on telling while Docker is away: the containers known last are measured all the same. */
function censusCollector(
  registry: Registry,
  { inventory, observer, procfs, wanted }: MetricsPorts,
): Collector {
  const fills = censusFamilies.map((family) => family(registry))
  fills.push(absent(registry, () => wanted().expected))
  const fillFiles = files(procfs)(registry)
  return {
    name: 'census',
    async collect() {
      const observations = await observer.observeAll(inventory.containers())
      for (const fill of fills) fill(observations)
      fillFiles(wanted().openFds ? observations : [])
      const [first, ...others] = observations.flatMap(({ container, census }) =>
        census.kind === 'denied' || census.kind === 'failed' ? [`${container.name}: ${census.detail}`] : [],
      )
      if (first !== undefined)
        throw new Error(others.length > 0 ? `${first} (and ${others.length} more)` : first)
    },
  }
}
