import { existsSync, readFileSync, watchFile } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type Logger, pino } from 'pino'
import { Value } from 'typebox/value'
import { ConfigError, loadConfig } from './config.ts'
import { AlertmanagerUrl } from './host/alertmanager.ts'
import { errorMessage } from './host/reading.ts'
import { JournalError } from './journal/database.ts'
import { createService } from './service.ts'
import { loadToken } from './token.ts'

/** Where the configuration is looked for unless PIDWARDEN_CONFIG names another place. */
const usualConfig = '/etc/pidwarden/pidwarden.yaml'

/** Between two looks at whether the configuration file has changed, milliseconds. */
const watchInterval = 2000

/** Everything that comes from the environment; no other file reads it. */
const environment = {
  host: process.env.PIDWARDEN_HOST ?? '127.0.0.1',
  port: Number(process.env.PIDWARDEN_PORT ?? 3001),
  config: process.env.PIDWARDEN_CONFIG,
  journal: process.env.PIDWARDEN_JOURNAL ?? '/var/lib/pidwarden/journal.db',
  token: process.env.PIDWARDEN_TOKEN,
  tokenFile: process.env.PIDWARDEN_TOKEN_FILE ?? '/run/pidwarden/token',
  procRoot: process.env.PIDWARDEN_PROC_ROOT ?? '/proc',
  cgroupRoot: process.env.PIDWARDEN_CGROUP_ROOT ?? '/sys/fs/cgroup',
  alertmanager: process.env.PIDWARDEN_ALERTMANAGER ?? '',
  dockerHost: process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock',
  logLevel: process.env.PIDWARDEN_LOG_LEVEL ?? 'info',
}

function socketPath(dockerHost: string): string {
  const path = /^unix:\/\/(\/.+)$/.exec(dockerHost)?.[1]
  if (path !== undefined) return path
  throw new ConfigError(`DOCKER_HOST is ${JSON.stringify(dockerHost)}; expected unix:///path/to/docker.sock`)
}

function checkedPort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new ConfigError('PIDWARDEN_PORT must be a whole number from 0 to 65535')
}

function checkedUrls(list: string): string[] {
  const urls = list
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '')
  if (urls.every((url) => Value.Check(AlertmanagerUrl, url))) return urls
  // Not repeated: whoever put a password there has a secret in it.
  throw new ConfigError(
    'PIDWARDEN_ALERTMANAGER must be addresses such as http://alertmanager:9093, without user and password, separated by commas',
  )
}

async function serve(logger: Logger): Promise<void> {
  const port = checkedPort(environment.port)
  const dockerSocket = socketPath(environment.dockerHost)
  const config = loadConfig(environment.config, usualConfig)
  const { token, created } = loadToken(environment.token, environment.tokenFile)
  if (created) logger.info({ file: environment.tokenFile }, 'created a bearer token; Alertmanager needs it')
  const { procRoot, cgroupRoot, journal: journalPath } = environment
  const alertmanagers = checkedUrls(environment.alertmanager)
  const service = createService({
    config,
    token,
    alertmanagers,
    journalPath,
    dockerSocket,
    procRoot,
    cgroupRoot,
    logger,
  })

  let stopped = false
  function stop(reason: string): void {
    if (stopped) return
    stopped = true
    logger.info({ reason }, 'stopping')
    service.stop().catch((error: unknown) => {
      logger.error({ error: errorMessage(error) }, 'could not stop in good order')
      process.exitCode = 1
    })
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  function reload(): void {
    try {
      const path = environment.config ?? usualConfig
      // An editor that writes in place leaves the file empty for a moment, and one that was removed by mistake took
      // every protection with it: neither is a wish to go back to the defaults. `{}` is.
      if (!existsSync(path) || readFileSync(path, 'utf8').trim() === '') {
        throw new ConfigError(`${path} is missing or empty; write {} for the defaults`)
      }
      service.reload(loadConfig(environment.config, usualConfig))
      logger.info('configuration reloaded')
    } catch (error) {
      logger.error({ error: errorMessage(error) }, 'the new configuration is refused, the old one stays')
      service.refuse(errorMessage(error))
    }
  }
  process.on('SIGHUP', reload)
  // By looking at it, not by inotify: a file that is mounted or replaced by renaming is seen all the same.
  watchFile(environment.config ?? usualConfig, { interval: watchInterval, persistent: false }, reload)

  service.start()
  await service.app.listen({ host: environment.host, port })
  const address = service.app.server.address() as AddressInfo
  logger.info({ host: environment.host, port: address.port }, 'pidwarden is listening')
}

const logger = pino({ name: 'pidwarden', level: environment.logLevel })
try {
  await serve(logger)
} catch (error) {
  // What a person can mend is said in one line; everything else is a bug and keeps its stack.
  if (error instanceof ConfigError || error instanceof JournalError) logger.fatal(error.message)
  else logger.fatal({ err: error }, 'could not start')
  // A failed listen leaves the event stream of Docker open, which would keep the process alive for ever.
  process.exit(1)
}
