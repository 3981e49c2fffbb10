import type { FastifyInstance } from 'fastify'
import type { Inventory } from '../host/inventory.ts'
import type { MissingPrivilege } from '../host/privileges.ts'
import { errorMessage } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import type { JournalReader } from '../journal/reader.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** One part of pidwarden, and how it is. */
interface Part {
  readonly name: string
  readonly ok: boolean
  readonly detail?: string
}

/** What health is told from. */
export interface HealthPorts {
  readonly inventory: Inventory
  readonly journal: Journal
  readonly metrics: Metrics
  readonly privileges: () => readonly MissingPrivilege[]
  /** Why the last configuration was refused; undefined when the one on file is in force. */
  readonly configError: () => string | undefined
  /** Why an Alertmanager could not be told of incidents; undefined when all could. */
  readonly alertmanagerError: () => string | undefined
  readonly policyErrors: () => readonly { readonly name: string; readonly errors: readonly string[] }[]
  readonly version: string
}

/** GET /healthz: the process answers. GET /readyz: it can do its job, or what is missing. GET /api/health: every part. */
export function healthRoutes(app: FastifyInstance, ports: HealthPorts): void {
  app.get('/healthz', async () => ({ status: 'alive' }))
  app.get('/readyz', async (_request, reply) => {
    // With the configuration of before it goes on doing its job, and also while nobody can be told.
    const failing = parts(ports).filter(
      ({ name, ok }) => !ok && name !== 'configuration' && name !== 'alertmanager',
    )
    return reply.code(failing.length === 0 ? 200 : 503).send({
      status: failing.length === 0 ? 'ready' : 'not ready',
      failing,
    })
  })
  app.get('/api/health', async () => {
    const all = parts(ports)
    return {
      status: all.every(({ ok }) => ok) ? 'healthy' : 'degraded',
      version: ports.version,
      containers: ports.inventory.containers().length,
      acting: acting(ports.journal),
      parts: all,
      policyErrors: ports.policyErrors(),
    }
  })
}

function parts({
  inventory,
  journal,
  metrics,
  privileges,
  configError,
  alertmanagerError,
}: HealthPorts): readonly Part[] {
  const { connected, error } = inventory.state()
  const collectors = metrics
    .collectors()
    .filter(({ name }) => name !== 'docker')
    .map(({ name, error: failed }) => part(`collector ${name}`, failed))
  return [
    part('docker', connected ? undefined : (error ?? 'not connected')),
    part('journal', tryUse(journal)),
    part('configuration', configError()),
    part('alertmanager', alertmanagerError()),
    part(
      'privileges',
      privileges()
        .map(({ name, consequence }) => `${name} is missing: ${consequence}`)
        .join('; ') || undefined,
    ),
    ...collectors,
  ]
}

/** Whether pidwarden acts at all; that a person has stopped it is no fault of any part. */
function acting(journal: JournalReader): { acting: boolean; since?: number; reason?: string } {
  try {
    const stop = journal.stop()
    return { acting: stop === undefined, ...stop }
  } catch {
    // The part `journal` says why. Without a journal nothing is acted on.
    return { acting: false }
  }
}

function part(name: string, error: string | undefined): Part {
  return error === undefined ? { name, ok: true } : { name, ok: false, detail: error }
}

function tryUse(journal: Journal): string | undefined {
  try {
    journal.probe()
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}
