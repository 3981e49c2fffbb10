import type { HostSettings } from '../census/host-thresholds.ts'
import type { Observation, Observer } from '../census/observe.ts'
import { createPace, type Steps, type Urgency } from '../census/steps.ts'
import type { Clock } from '../host/clock.ts'
import type { Inventory } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import { errorMessage } from '../host/reading.ts'
import type { HostSystem } from '../host/system.ts'
import type { JournalReader } from '../journal/reader.ts'
import type { CountAlert } from '../remediation/intake.ts'
import type { Runner } from '../remediation/runner.ts'
import { absent } from './absent.ts'
import { alertTally } from './alerts.ts'
import { commands } from './commands.ts'
import { cpu } from './cpu.ts'
import { Exposition } from './exposition.ts'
import type { CensusFamily } from './family.ts'
import { files } from './files.ts'
import { host } from './host.ts'
import { info } from './info.ts'
import { limits } from './limits.ts'
import { memory } from './memory.ts'
import { pids } from './pids.ts'
import { processes } from './processes.ts'
import { programCollector } from './program.ts'
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
  /** What a scrape gives way to. */
  readonly urgency?: Urgency
  /** What the configuration says now of what to measure. */
  readonly wanted: () => {
    readonly expected: readonly string[]
    readonly openFds: boolean
    readonly configured: boolean
    readonly host: HostSettings
  }
  /** How many privileges are missing. */
  readonly missingPrivileges: () => number
  /** Whether every Alertmanager takes what it is told; undefined when there is none to tell. */
  readonly alertmanagerUp: () => boolean | undefined
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
  /** Measures and renders, UTF-8; scrapes that come at once share one measurement. Never throws. */
  render(): Promise<Buffer>
  /** Collectors as they were at the last scrape. */
  collectors(): readonly CollectorState[]
  readonly countAlert: CountAlert
  /** Counts a notification that came without all its alerts. */
  readonly countTruncated: (completed: boolean) => void
  /** The alert that always fires has come through. */
  readonly heartbeat: () => void
  /** When the last scrape began, monotonic milliseconds; undefined before the first. */
  readonly scrapedAt: () => number | undefined
}

/** What fills some families at every scrape. */
export interface Collector {
  readonly name: string
  collect(): Promise<void> | void
}

/** The exporter of this process, with families of its own. */
export function createMetrics(ports: MetricsPorts): Metrics {
  const exposition = new Exposition()
  const success = exposition.gauge(
    'collector_success',
    '1 when the collector could read everything it wanted.',
    ['collector'],
  )
  const duration = exposition.gauge('collector_duration_seconds', 'How long the collector took.', [
    'collector',
  ])
  const alerts = alertTally(exposition, ports.clock)
  const collectors = [
    dockerCollector(exposition, ports),
    censusCollector(exposition, ports),
    { name: 'host', collect: host(exposition, ports.system, () => ports.wanted().host) },
    programCollector(exposition, ports),
    { name: 'journal', collect: remediation(exposition, ports.journal, ports.runner) },
  ]
  const errors = new Map<string, string>()

  let scrapedAt: number | undefined
  async function measure(): Promise<Buffer> {
    scrapedAt = ports.clock.monotonic()
    exposition.clear()
    alerts.fill()
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
    return exposition.bytes()
  }

  let underWay: Promise<Buffer> | undefined
  return {
    contentType: exposition.contentType,
    render() {
      underWay ??= measure().finally(() => {
        underWay = undefined
      })
      return underWay
    },
    collectors: () => collectors.map(({ name }) => ({ name, error: errors.get(name) })),
    countAlert: alerts.countAlert,
    countTruncated: alerts.countTruncated,
    heartbeat: alerts.heartbeat,
    scrapedAt: () => scrapedAt,
  }
}

function dockerCollector(exposition: Exposition, { inventory }: MetricsPorts): Collector {
  const up = exposition.gauge('docker_up', '1 while the Docker engine answers.')
  return {
    name: 'docker',
    collect() {
      const { connected, error } = inventory.state()
      up.set({}, connected ? 1 : 0)
      if (!connected) throw new Error(error ?? 'not connected to Docker')
    },
  }
}

/** The kernel goes on telling while Docker is away: the containers known last are measured all the same. */
function censusCollector(
  exposition: Exposition,
  { inventory, observer, procfs, clock, urgency, wanted }: MetricsPorts,
): Collector {
  const fills = censusFamilies.map((family) => family(exposition))
  fills.push(absent(exposition, () => wanted().expected))
  const fillFiles = files(procfs)(exposition)
  return {
    name: 'census',
    async collect() {
      const observations = await observer.observeAll(inventory.containers())
      await createPace(clock, urgency).walk(fillAll(observations))
      const [first, ...others] = observations.flatMap(({ container, census }) =>
        census.kind === 'denied' || census.kind === 'failed' ? [`${container.name}: ${census.detail}`] : [],
      )
      if (first !== undefined)
        throw new Error(others.length > 0 ? `${first} (and ${others.length} more)` : first)
    },
  }

  function* fillAll(observations: readonly Observation[]): Steps<void> {
    for (const fill of fills) {
      fill(observations)
      yield
    }
    if (wanted().openFds) fillFiles(observations)
  }
}
