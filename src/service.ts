import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { createObserver } from './census/observe.ts'
import { OomKills } from './census/oom-kills.ts'
import { policyFor } from './census/policies.ts'
import type { Policy } from './census/policy.ts'
import { createUrgency } from './census/steps.ts'
import type { Config } from './config.ts'
import { createAlertmanager } from './host/alertmanager.ts'
import { createBuilder } from './host/builder-dockerode.ts'
import { createCgroups } from './host/cgroup.ts'
import { systemClock as clock } from './host/clock.ts'
import { createDocker } from './host/dockerode.ts'
import { missingSurroundings } from './host/environment.ts'
import { createInventory, type KnownContainer } from './host/inventory.ts'
import { createSessionApi } from './host/metamcp.ts'
import { missingPrivileges } from './host/privileges.ts'
import { createProcfs } from './host/procfs.ts'
import { errorMessage } from './host/reading.ts'
import { createSignals } from './host/signal.ts'
import { createHostSystem } from './host/system.ts'
import { openDatabase } from './journal/database.ts'
import { Journal } from './journal/journal.ts'
import { createMetrics } from './metrics/metrics.ts'
import { createIncidentWatch, watchPause } from './remediation/incidents/watch.ts'
import { createPoster, postPause } from './remediation/notices/poster.ts'
import { createPlaybooks } from './remediation/playbooks/book.ts'
import type { RunPorts } from './remediation/run.ts'
import { createRunner } from './remediation/runner.ts'
import { createSessionWatch, sessionPause } from './remediation/sessions/watch.ts'
import { ownLimitsOf } from './remediation/temporary.ts'
import { repeat, settle } from './upkeep.ts'

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)

/** Between two looks whether more was killed for want of memory, milliseconds. */
const oomPause = 5000

/** Between two looks for what the journal may forget, milliseconds; and between two stretches of forgetting. */
const tidyPause = 3_600_000
const tidyStep = 100

/** What one pidwarden is made from. */
export interface ServiceOptions {
  readonly config: Config
  readonly token: string
  /** Alertmanagers to tell of incidents, where the configuration names none. */
  readonly alertmanagers: readonly string[]
  /** File of the journal, or `:memory:`. */
  readonly journalPath: string
  /** The Unix socket of the Docker engine. */
  readonly dockerSocket: string
  readonly procRoot: string
  readonly cgroupRoot: string
  readonly logger: FastifyBaseLogger
}

/** One pidwarden: all its parts, put together on the real host. */
export interface Service {
  /** Not listening yet. */
  readonly app: FastifyInstance
  /** Begins to follow Docker, and puts in order what a crash left behind. */
  start(): void
  /** Goes on with another configuration; the next scrape shows its thresholds. Runs under way keep theirs. */
  reload(config: Config): void
  /** A new configuration was refused: the old one stays, and health says why. */
  refuse(reason: string): void
  /** Takes no more alerts, ends what is under way at the next safe point, closes the journal. */
  stop(): Promise<void>
}

/** Puts the parts together. Throws JournalError. */
export function createService(options: ServiceOptions): Service {
  const { token, logger } = options
  const { database, setAside } = openDatabase(options.journalPath, clock.now())
  if (setAside !== undefined)
    logger.error({ setAside }, 'the journal was corrupt: set aside, and a new one begun')
  const journal = new Journal(database, clock.now)
  const docker = createDocker(options.dockerSocket)
  const builder = createBuilder(options.dockerSocket)
  const procfs = createProcfs(options.procRoot)
  const signals = createSignals()
  const oomKills = new OomKills(journal.oomCounts.load())
  const inventory = createInventory(docker, clock, logger, ({ name, action }) => oomKills.see(name, action))
  let config = options.config
  let policyNow = policyFor(config)
  let playbooksNow = createPlaybooks(config.playbooks)
  let configError: string | undefined
  const policy = (container: KnownContainer): Policy => policyNow(container)
  const ownPid = process.pid
  const cgroups = createCgroups(options.cgroupRoot)
  const urgency = createUrgency()
  const observer = createObserver({
    procfs,
    cgroups,
    clock,
    policyOf: policy,
    hostCores: availableParallelism(),
    ownLimits: ownLimitsOf(journal),
    ownPid,
    oomKills,
    urgency,
  })
  const saveOomCount = journal.oomCounts.save.bind(journal.oomCounts)
  const settings = () => config.remediation
  const playbooks = () => playbooksNow
  const sessions = createSessionWatch({
    api: createSessionApi(),
    inventory,
    observer,
    procfs,
    clock,
    journal,
    settings: () => config.sessions,
    policyOf: policy,
    log: logger,
    urgency,
  })
  const runs: RunPorts = {
    inventory,
    observer,
    procfs,
    signals,
    docker,
    builder,
    journal,
    clock,
    settings,
    policyOf: policy,
    playbooks,
    ownPid,
    sessions,
    urgency,
  }
  const runner = createRunner(runs, logger)
  const warn = (details: object, message: string): void => logger.warn(details, message)
  const privileges = [
    ...missingPrivileges(procfs, signals, ownPid),
    ...missingSurroundings(options.procRoot, options.cgroupRoot),
  ]
  for (const { name, consequence } of privileges) logger.warn({ name }, `missing privilege: ${consequence}`)
  const metrics = createMetrics({
    inventory,
    observer,
    journal,
    runner,
    system: createHostSystem(options.procRoot),
    clock,
    version,
    procfs,
    urgency,
    wanted: () => ({
      expected: config.expected,
      openFds: config.collect.openFds,
      configured: configError === undefined,
      host: config.host,
    }),
    missingPrivileges: () => privileges.length,
    alertmanagerUp: () =>
      alertmanagerSettings().urls.length === 0 ? undefined : poster.trouble() === undefined,
    warn,
  })
  const alertmanagerSettings = () => {
    const { alertmanager } = config
    return alertmanager.urls.length > 0 ? alertmanager : { ...alertmanager, urls: [...options.alertmanagers] }
  }
  const alertmanager = createAlertmanager(alertmanagerSettings)
  const watch = createIncidentWatch({
    journal,
    inventory,
    observer,
    procfs,
    runner,
    clock,
    settings,
    scrapedAt: metrics.scrapedAt,
    log: logger,
  })
  const poster = createPoster({
    journal,
    alertmanager,
    clock,
    settings: alertmanagerSettings,
    links: () => config.links,
    standing: watch.standing,
    log: logger,
  })
  const surroundings = { container: inventory.get, everKnew: inventory.everKnew, policyOf: policy, playbooks }
  const app = buildApp({
    logger,
    token,
    recovered: () => recovered,
    inventory,
    observer,
    journal,
    metrics,
    version,
    privileges: () => privileges,
    configError: () => configError,
    policyErrors: () =>
      inventory
        .containers()
        .map((container) => ({ name: container.name, errors: policy(container).errors }))
        .filter(({ errors }) => errors.length > 0),
    intake: {
      journal,
      runner,
      surroundings,
      clock,
      settings,
      count: metrics.countAlert,
      heartbeat: metrics.heartbeat,
    },
    completion: { alertmanager, urls: () => alertmanagerSettings().urls, count: metrics.countTruncated },
    standing: watch.standing,
    alertmanagerError: poster.trouble,
    acting: { journal, runner, inventory },
    orders: { runs, runner },
  })

  let recovered = false
  const stopping = new AbortController()
  let background: Promise<unknown> = Promise.resolve()

  /** Lets others go first between two stretches: whoever scrapes or sends an alert does not wait for it. */
  async function tidyJournal(): Promise<void> {
    while (!stopping.signal.aborted && journal.forgetSome(config.journal)) await clock.sleep(tidyStep)
  }

  return {
    app,
    start() {
      const upkeep = { clock, log: logger, stopping: stopping.signal }
      const again = (what: string, pause: number, work: () => Promise<void>): Promise<void> =>
        repeat(what, pause, work, upkeep)
      const recover = (): void => {
        recovered = true
      }
      background = Promise.all([
        inventory.follow(stopping.signal),
        settle({ ...runs, runner }, recover, upkeep),
        again('forget what is old in the journal', tidyPause, tidyJournal),
        again('look after incidents', watchPause, watch.look),
        again('tell of incidents', postPause, poster.post),
        again('look at sessions', sessionPause, sessions.round),
        again('keep the counts of OOM kills', oomPause, async () => oomKills.save(saveOomCount)),
      ])
    },
    reload(next) {
      config = next
      policyNow = policyFor(next)
      playbooksNow = createPlaybooks(next.playbooks)
      configError = undefined
    },
    refuse(reason) {
      configError = reason
    },
    async stop() {
      try {
        await app.close()
      } finally {
        await runner.drain()
        stopping.abort()
        await background
        try {
          oomKills.save(saveOomCount)
        } catch (error) {
          logger.warn({ error: errorMessage(error) }, 'could not keep the counts of OOM kills')
        }
        journal.close()
      }
    },
  }
}
