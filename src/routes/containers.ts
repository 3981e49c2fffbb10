import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Observer } from '../census/observe.ts'
import { resources } from '../census/presets.ts'
import type { Inventory } from '../host/inventory.ts'
import { measure, measuredTier } from '../remediation/verify.ts'

/** GET /api/containers: what the census says of each container right now, and the tiers that it has reached. */
export function containerRoutes(inventory: Inventory, observer: Observer): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/containers', async () => {
      const observations = await observer.observeAll(inventory.containers())
      const containers = observations.map((observation) => {
        const { container, policy, census } = observation
        const { name, id, image, state, health } = container
        const { mode, preset, profile, protect, limits, errors } = policy
        const about = {
          name,
          id,
          image,
          state,
          health,
          policy: { mode, preset, profile, protect, limits, errors },
        }
        if (census.kind !== 'value') return { ...about, census: census.kind }
        const measurement = measure(census.value)
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
