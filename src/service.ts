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
import type { Calm } from './remediation/ease-off.ts'
import { createIncidentWatch, watchPause } from './remediation/incidents/watch.ts'
import { createPoster, postPause } from './remediation/notices/poster.ts'
import { createPlaybooks } from './remediation/playbooks/book.ts'
import { recover, settleDebts, settleTemporaries } from './remediation/recover.ts'
import { settleRecreations } from './remediation/recreate/recover.ts'
import type { RunPorts } from './remediation/run.ts'
import { createRunner } from './remediation/runner.ts'
import { createSessionWatch, sessionPause } from './remediation/sessions/watch.ts'
import { settleStrays } from './remediation/strays.ts'
import { ownLimitsOf } from './remediation/temporary.ts'

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)

/** Between two looks at whether Docker has come, before what a crash left is put in order, milliseconds. */
const recoverPause = 250

/** After an attempt that failed, milliseconds: a full disk must not fill the log too. */
const troublePause = 5000

/** Between two looks for containers that were stopped here and do not run again, milliseconds. */
const debtPause = 30_000

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
  const calm: Calm = new Map()
  const stopping = new AbortController()
  let background: Promise<unknown> = Promise.resolve()

  async function recoverWhenConnected(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (inventory.state().connected) {
          const ports = { journal, docker, clock, runner, log: logger }
          try {
            // First of all: until then a container has another name, and is not what others take it for.
            await settleRecreations({ ...ports, builder })
            // Again and again: where the end of a run could not be written, nobody is at it any more.
            recover(ports)
            recovered = true
          } finally {
            // Also when the journal cannot be written: a container that was stopped here must come up again.
            await settleDebts(ports)
            await settleStrays({ ...runs, runner, log: logger })
            await settleTemporaries({ ...ports, inventory, observer, calm })
          }
          await clock.sleep(debtPause, stopping.signal).catch(() => {})
          continue
        }
      } catch (error) {
        logger.warn({ error: errorMessage(error) }, 'could not put in order what a crash left; trying again')
        await clock.sleep(troublePause, stopping.signal).catch(() => {})
      }
      await clock.sleep(recoverPause, stopping.signal).catch(() => {})
    }
  }

  /** Lets others go first between two stretches: whoever scrapes or sends an alert does not wait for it. */
  async function tidyJournal(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        while (!stopping.signal.aborted && journal.forgetSome(config.journal)) await clock.sleep(tidyStep)
      } catch (error) {
        logger.warn({ error: errorMessage(error) }, 'could not forget what is old in the journal')
      }
      await clock.sleep(tidyPause, stopping.signal).catch(() => {})
    }
  }

  /** Does `work` again and again, with a pause in between, also after it failed. */
  async function repeat(what: string, pause: number, work: () => Promise<void>): Promise<void> {
    let before: string | undefined
    while (!stopping.signal.aborted) {
      try {
        await work()
        before = undefined
      } catch (error) {
        const message = errorMessage(error)
        if (message !== before) logger.warn({ error: message }, `could not ${what}; trying again`)
        before = message
      }
      await clock.sleep(pause, stopping.signal).catch(() => {})
    }
  }

  return {
    app,
    start() {
      background = Promise.all([
        inventory.follow(stopping.signal),
        recoverWhenConnected(),
        tidyJournal(),
        repeat('look after incidents', watchPause, watch.look),
        repeat('tell of incidents', postPause, poster.post),
        repeat('look at sessions', sessionPause, sessions.round),
        repeat('keep the counts of OOM kills', oomPause, async () => oomKills.save(saveOomCount)),
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
        oomKills.save(saveOomCount)
        journal.close()
      }
    },
  }
}
