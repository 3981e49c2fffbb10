import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Observer } from '../census/observe.ts'
import { PolicySettings } from '../census/policy.ts'
import { resources, tiers as tierNames } from '../census/presets.ts'
import { likelyProfile, profileNames } from '../census/profiles.ts'
import { nameBefore } from '../host/aside.ts'
import type { Inventory } from '../host/inventory.ts'
import { Measurement } from '../journal/records.ts'
import { measure, measuredTier } from '../remediation/verify.ts'

const Tier = Type.Enum(['normal', ...tierNames])
const Size = Type.Union([Type.Number(), Type.String()], { description: 'Bytes, or a size such as 4g.' })
const words = Type.Immutable(Type.Array(Type.String()))

const Limits = Type.Object(
  {
    memory: Type.Optional(Size),
    memoryReservation: Type.Optional(Size),
    memorySwap: Type.Optional(Size),
    cpus: Type.Optional(Type.Number()),
    pids: Type.Optional(Type.Integer()),
    nofile: Type.Optional(Type.Immutable(Type.Array(Type.Integer(), { description: 'Soft and hard.' }))),
    nproc: Type.Optional(Type.Integer()),
  },
  { description: 'Limits that it ought to have.' },
)

const Container = Type.Object(
  {
    name: Type.String(),
    aside: Type.Optional(
      Type.String({
        description:
          'The name that it had until it made room for its successor. It is being recreated, or was left over: nothing is done to it.',
      }),
    ),
    id: Type.String(),
    image: Type.String(),
    state: Type.Enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']),
    health: Type.Enum(['none', 'starting', 'healthy', 'unhealthy']),
    likelyProfile: Type.Optional(
      Type.Enum(profileNames, {
        description:
          'What the name of its image looks like, where nobody says a profile. It counts for nothing.',
      }),
    ),
    policy: Type.Object({
      mode: PolicySettings.properties.mode,
      preset: PolicySettings.properties.preset,
      profile: PolicySettings.properties.profile,
      protect: words,
      limits: Limits,
      errors: words,
    }),
    census: Type.Optional(
      Type.Enum(['gone', 'denied', 'failed'], { description: 'Why it could not be measured.' }),
    ),
    measurement: Type.Optional(Measurement),
    tiers: Type.Optional(
      Type.Object(
        {
          processes: Type.Optional(Tier),
          pids: Type.Optional(Tier),
          duplicates: Type.Optional(Tier),
          orphans: Type.Optional(Tier),
          zombies: Type.Optional(Tier),
          memory: Type.Optional(Tier),
          cpu: Type.Optional(Tier),
          startup: Type.Optional(Tier),
          limits: Type.Optional(Tier),
          health: Type.Optional(Tier),
        },
        { description: 'The tier that each resource has reached; what was not measured has none.' },
      ),
    ),
  },
  { title: 'Container', description: 'A container as the census sees it now.' },
)

const schema = {
  operationId: 'listContainers',
  summary: 'What the census says of each container now, with its tiers and policy',
  tags: ['containers'],
  response: { 200: Type.Object({ containers: Type.Array(Container) }, { description: 'All of them.' }) },
}

/** GET /api/containers: what the census says of each container right now, and the tiers that it has reached. */
export function containerRoutes(inventory: Inventory, observer: Observer): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/containers', { schema }, async () => {
      const observations = await observer.observeAll(inventory.containers())
      const containers = observations.map((observation) => {
        const { container, policy, census } = observation
        const { name, id, image, state, health } = container
        const { mode, preset, profile, protect, limits, errors } = policy
        const aside = nameBefore(container)
        const likely = profile === 'unknown' ? likelyProfile(image) : undefined
        const about = {
          name,
          ...(aside !== undefined && { aside }),
          id,
          image,
          state,
          health,
          ...(likely !== undefined && { likelyProfile: likely }),
          policy: { mode, preset, profile, protect, limits, errors },
        }
        if (census.kind !== 'value') return { ...about, census: census.kind }
        const measurement = measure({ container, policy, census: census.value })
        const tiers = resources.map((resource) => [
          resource,
          measuredTier(observation, resource, measurement),
        ])
        return { ...about, measurement, tiers: Object.fromEntries(tiers) }
      })
      return { containers }
    })
  }
}
