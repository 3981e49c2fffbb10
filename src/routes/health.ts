import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Inventory } from '../host/inventory.ts'
import type { MissingPrivilege } from '../host/privileges.ts'
import { errorMessage } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import type { JournalReader } from '../journal/reader.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { Acting } from './acting.ts'

/** One part of pidwarden, and how it is. */
const Part = Type.Object(
  {
    name: Type.String(),
    ok: Type.Boolean(),
    detail: Type.Optional(Type.String({ description: 'What is wrong.' })),
  },
  { title: 'Part', description: 'One part of pidwarden, and how it is.' },
)
type Part = Readonly<Static<typeof Part>>

const Ready = Type.Object({
  status: Type.Enum(['ready', 'not ready']),
  failing: Type.Array(Part),
})

const Health = Type.Object(
  {
    status: Type.Enum(['healthy', 'degraded']),
    version: Type.String(),
    containers: Type.Integer({ description: 'How many are known.' }),
    acting: Acting,
    parts: Type.Immutable(Type.Array(Part)),
    policyErrors: Type.Immutable(
      Type.Array(
        Type.Object({
          name: Type.String({ description: 'Of the container.' }),
          errors: Type.Immutable(Type.Array(Type.String())),
        }),
        { description: 'What labels say and nobody understands; such a container is only observed.' },
      ),
    ),
  },
  { title: 'Health', description: 'Every part, and whether anything is acted on.' },
)

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

const aliveSchema = {
  operationId: 'isAlive',
  summary: 'Whether the process answers',
  tags: ['monitoring'],
  response: { 200: Type.Object({ status: Type.Literal('alive') }, { description: 'It does.' }) },
}

const readySchema = {
  operationId: 'isReady',
  summary: 'Whether pidwarden can do its job, or what is missing',
  tags: ['monitoring'],
  response: {
    200: Type.Object(Ready.properties, { description: 'It can.' }),
    503: Type.Object(Ready.properties, { description: 'It cannot.' }),
  },
}

const healthSchema = {
  operationId: 'getHealth',
  summary: 'How every part is',
  description: 'For people: 200 also where something is wrong.',
  tags: ['monitoring'],
  response: { 200: Health },
}

/** GET /healthz: the process answers. GET /readyz: it can do its job, or what is missing. GET /api/health: every part. */
export function healthRoutes(ports: HealthPorts): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/healthz', { schema: aliveSchema }, async () => ({ status: 'alive' as const }))
    app.get('/readyz', { schema: readySchema }, async (_request, reply) => {
      // With the configuration of before it goes on doing its job, and also while nobody can be told.
      const failing = parts(ports).filter(
        ({ name, ok }) => !ok && name !== 'configuration' && name !== 'alertmanager',
      )
      return failing.length === 0
        ? reply.code(200).send({ status: 'ready', failing })
        : reply.code(503).send({ status: 'not ready', failing })
    })
    app.get('/api/health', { schema: healthSchema }, async () => {
      const all = parts(ports)
      return {
        status: all.every(({ ok }) => ok) ? ('healthy' as const) : ('degraded' as const),
        version: ports.version,
        containers: ports.inventory.containers().length,
        acting: acting(ports.journal),
        parts: all,
        policyErrors: ports.policyErrors(),
      }
    })
  }
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
function acting(journal: JournalReader): Static<typeof Acting> {
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
