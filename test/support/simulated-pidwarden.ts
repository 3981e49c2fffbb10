import { pino } from 'pino'
import { buildApp } from '../../src/app.ts'
import { createObserver } from '../../src/census/observe.ts'
import { policyFor } from '../../src/census/policies.ts'
import { parseConfig } from '../../src/config.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import type { MissingPrivilege } from '../../src/host/privileges.ts'
import type { HostReading } from '../../src/host/system.ts'
import { openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'
import type { Ending } from '../../src/journal/outcomes.ts'
import type { Run } from '../../src/journal/records.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { RunStop } from '../../src/remediation/action.ts'
import { createIncidentWatch } from '../../src/remediation/incidents/watch.ts'
import { receive } from '../../src/remediation/intake.ts'
import { createPoster } from '../../src/remediation/notices/poster.ts'
import { createPlaybooks } from '../../src/remediation/playbooks/book.ts'
import { execute, type RunPorts } from '../../src/remediation/run.ts'
import { createRunner } from '../../src/remediation/runner.ts'
import { createSessionWatch } from '../../src/remediation/sessions/watch.ts'
import type { RemediationSettings } from '../../src/remediation/settings.ts'
import { ownLimitsOf } from '../../src/remediation/temporary.ts'
import type { Verdict, WebhookAlert } from '../../src/remediation/webhook.ts'
import { SimulatedAlertmanager, usualAlertmanager } from './simulated-alertmanager.ts'
import { SimulatedBuilder } from './simulated-builder.ts'
import { SimulatedDocker } from './simulated-docker.ts'
import { SimulatedHost } from './simulated-host.ts'
import { noSessionApi } from './simulated-metamcp.ts'

/** The token of the simulated pidwarden; no response and no log line may hold it. */
export const token = 'a-token-that-nobody-may-ever-see'

/** The machine that the simulation runs on. */
export const hostReading: HostReading = {
  memory: { total: 64e9, available: 32e9, swapTotal: 8e9, swapUsed: 1e9 },
  cpuSeconds: { user: 100, nice: 1, system: 50, idle: 4000, irq: 2 },
  cores: 8,
  tasks: 700,
  pidMax: 32_768,
  threadsMax: 100_000,
  waitingSeconds: { cpu: 3, memory: 0.5, io: 7.25 },
}

/** Which run is wanted. */
export interface Wanted {
  readonly playbook?: string
  readonly tier?: string
  readonly resource?: string
}

/**
 * Every real part of pidwarden over a simulated host; `yaml` is its configuration file. A host with its engine may be
 * given that an earlier pidwarden has worked on.
 */
export function createPidwarden({
  journalPath = ':memory:',
  ownPid = 1,
  yaml = '',
  restrained = false,
  host = new SimulatedHost(),
  engine = new SimulatedDocker(host),
  sessionApi = noSessionApi,
} = {}) {
  const { clock, procfs, cgroups } = host
  const { docker, inventory } = engine
  const simulated = new SimulatedBuilder(engine, host)
  const config = parseConfig(yaml, 'test.yaml')
  // Restraint is a matter of its own: other tests act as often as they like.
  const settings: RemediationSettings = {
    ...config.remediation,
    ...(restrained
      ? {}
      : {
          cooldown: 0,
          budgets: [],
          breaker: { failures: 100, open: 1800 },
          storm: { containers: 10_000, share: 1 },
        }),
  }
  const policy = policyFor(config)
  let playbooksNow = createPlaybooks(config.playbooks)
  const playbooks = () => playbooksNow
  const { database } = openDatabase(journalPath, clock.now())
  const journal = new Journal(database, clock.now)
  const observer = createObserver({
    procfs,
    cgroups,
    clock,
    policyOf: policy,
    hostCores: 8,
    ownPid,
    ownLimits: ownLimitsOf(journal),
  })
  const logs: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => logs.push(line) })
  const sessions = createSessionWatch({
    api: sessionApi,
    inventory,
    observer,
    procfs,
    clock,
    journal,
    settings: () => config.sessions,
    policyOf: policy,
    log: logger,
  })
  const ports: RunPorts = {
    inventory,
    observer,
    procfs,
    signals: host.signalPort,
    docker,
    builder: simulated.builder,
    journal,
    clock,
    settings: () => settings,
    policyOf: policy,
    playbooks,
    ownPid,
    sessions,
  }
  const runner = createRunner(ports, logger)
  const system = { read: async () => hostReading }
  const warn = (details: object, message: string): void => logger.warn(details, message)
  const metrics = createMetrics({
    inventory,
    observer,
    journal,
    runner,
    system,
    clock,
    version: '0.0.0-test',
    procfs,
    wanted: () => ({
      expected: config.expected,
      openFds: config.collect.openFds,
      configured: start.configError === undefined,
      host: config.host,
    }),
    missingPrivileges: () => privileges.length,
    alertmanagerUp: () => (alertmanagerUrls.length === 0 ? undefined : poster.trouble() === undefined),
    warn,
  })
  const surroundings = { container: inventory.get, everKnew: inventory.everKnew, policyOf: policy, playbooks }
  const intake = {
    journal,
    runner,
    surroundings,
    clock,
    settings: () => settings,
    count: metrics.countAlert,
    heartbeat: metrics.heartbeat,
  }
  const alertmanager = new SimulatedAlertmanager()
  const alertmanagerUrls: string[] = [usualAlertmanager]
  const watch = createIncidentWatch({
    journal,
    inventory,
    observer,
    procfs,
    runner,
    clock,
    settings: () => settings,
    scrapedAt: metrics.scrapedAt,
    log: logger,
  })
  const poster = createPoster({
    journal,
    alertmanager,
    clock,
    settings: () => ({ urls: alertmanagerUrls, authorization: 'Bearer', labels: { cluster: 'test' } }),
    links: () => ({ dashboard: 'http://grafana.test', pidwarden: '' }),
    standing: watch.standing,
    log: logger,
  })
  const privileges: MissingPrivilege[] = []
  const policyErrors = () =>
    inventory
      .containers()
      .map((container) => ({ name: container.name, errors: policy(container).errors }))
      .filter(({ errors }) => errors.length > 0)
  /** Whether what an earlier start left behind is in order, and why a new configuration was refused. */
  const start: { recovered: boolean; configError?: string } = { recovered: true }
  const app = buildApp({
    logger,
    token,
    recovered: () => start.recovered,
    configError: () => start.configError,
    inventory,
    observer,
    journal,
    metrics,
    version: '0.0.0-test',
    privileges: () => privileges,
    policyErrors,
    intake,
    completion: { alertmanager, urls: () => alertmanagerUrls, count: metrics.countTruncated },
    standing: watch.standing,
    alertmanagerError: poster.trouble,
    acting: { journal, runner, inventory },
    orders: { runs: ports, runner },
  })

  /** Puts a run into the journal as the intake would, by an alert of its own. */
  function addRun({ id: containerId, name }: KnownContainer, wanted: Wanted = {}): Run {
    const { playbook = 'cleanup', tier = 'critical', resource = 'duplicates' } = wanted
    const id = `run-${journal.recentRuns(10_000).length + 1}`
    const { episode } = journal.receive({
      fingerprint: id,
      startsAt: '2026-11-20T12:00:00.000Z',
      alert: 'PidwardenDuplicatesCritical',
      containerId,
      name,
      playbook,
      tier,
      resource,
    })
    return journal.addRun({ id, episodeId: episode.id, containerId, name, playbook, tier, resource })
  }

  return {
    host,
    engine,
    simulated,
    clock,
    settings,
    config,
    database,
    journal,
    observer,
    inventory,
    ports,
    runner,
    system,
    metrics,
    surroundings,
    intake,
    app,
    start,
    alertmanager,
    alertmanagerUrls,
    watch,
    sessions,
    poster,
    privileges,
    logs,
    logger,
    addRun,
    /** Goes on with the playbooks of another configuration file. */
    replacePlaybooks(next: string) {
      playbooksNow = createPlaybooks(parseConfig(next, 'test.yaml').playbooks)
    },
    /** Queues a run and carries it out to its end, with the deadline that the runner would set. */
    async perform(container: KnownContainer, wanted?: Wanted, cancel = new AbortController()) {
      const run = addRun(container, wanted)
      const over = new AbortController()
      const late: Ending = { outcome: 'cancelled', reason: 'deadline' }
      clock.sleep(settings.runDeadline * 1000, over.signal).then(
        () => cancel.abort(new RunStop(late)),
        () => {},
      )
      const { ending } = await clock.drive(execute(run, ports, cancel.signal))
      over.abort()
      const story = journal.story(run.id)
      if (story === undefined) throw new Error('the run is not in the journal')
      return { ending, story }
    },
    /** Takes in alerts past the HTTP side. */
    receive: (...alerts: WebhookAlert[]): Verdict[] =>
      receive({ version: '4', status: 'firing', alerts }, intake),
  }
}

/** A pidwarden over a simulated host. */
export type SimulatedPidwarden = ReturnType<typeof createPidwarden>

/** An alert about a container, as Alertmanager would send it. */
export function alertAbout(
  { id, name }: Pick<KnownContainer, 'id' | 'name'>,
  labels: Record<string, string> = {},
  rest: Partial<WebhookAlert> = {},
): WebhookAlert {
  return {
    status: 'firing',
    labels: {
      alertname: 'PidwardenDuplicatesCritical',
      id,
      name,
      tier: 'critical',
      resource: 'duplicates',
      playbook: 'cleanup',
      severity: 'critical',
      ...labels,
    },
    annotations: {},
    startsAt: '2026-11-20T12:00:00Z',
    fingerprint: 'c548df281c2b5d99',
    ...rest,
  }
}
