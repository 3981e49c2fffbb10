import { type Static, Type } from 'typebox'
import type { HostReading } from '../host/system.ts'
import { bytes, Quantity, share } from './quantity.ts'

/** The tiers of a host: nothing is done about it, so two are enough to tell people by. */
export const hostTiers = ['warning', 'critical'] as const
/** One of them. */
export type HostTier = (typeof hostTiers)[number]

/**
 * What of a host is held against tiers. memory: bytes that are not available; tasks: against the smaller of
 * kernel.pid_max and kernel.threads-max; cpu: busy cores; pressure: share of the time in which some task waited for
 * memory, 0 to 1.
 */
export const hostResources = ['memory', 'tasks', 'cpu', 'pressure'] as const
/** One of them. */
export type HostResource = (typeof hostResources)[number]

const Threshold = Type.Union([Quantity, Type.Literal(false)], {
  expected: 'a number, a size such as 12g, a percentage of what the host has such as 90%, or false',
})

const tiersOf = (what: string, warning: string, critical: string) =>
  Type.Object(
    {
      warning: Type.Union(Threshold.anyOf, { ...Threshold, default: warning }),
      critical: Type.Union(Threshold.anyOf, { ...Threshold, default: critical }),
    },
    { additionalProperties: false, default: {}, description: what },
  )

/** From where on the host itself is in danger. */
export const HostSettings = Type.Object(
  {
    memory: tiersOf('Memory that is not available.', '85%', '95%'),
    tasks: tiersOf('Tasks, of the smaller of kernel.pid_max and kernel.threads-max.', '70%', '90%'),
    cpu: tiersOf('Busy cores.', '90%', '98%'),
    pressure: tiersOf('Share of the time in which some task waited for memory.', '10%', '40%'),
  },
  { additionalProperties: false },
)
export type HostSettings = Static<typeof HostSettings>

/** Absolute thresholds of the host: bytes, tasks, cores, and for pressure a share from 0 to 1. */
export type HostThresholds = Readonly<Record<HostResource, Readonly<Partial<Record<HostTier, number>>>>>

/** Turns settings into absolute numbers. A percentage of what could not be read is no threshold. */
export function hostThresholds(
  settings: HostSettings,
  { memory, cores, pidMax, threadsMax }: Pick<HostReading, 'memory' | 'cores' | 'pidMax' | 'threadsMax'>,
): HostThresholds {
  const tasks = Math.min(pidMax ?? Number.POSITIVE_INFINITY, threadsMax ?? Number.POSITIVE_INFINITY)
  const whole: Record<HostResource, number> = { memory: memory.total, tasks, cpu: cores, pressure: 1 }
  const resolve = (resource: HostResource, quantity: Quantity | false): number | undefined => {
    if (quantity === false) return undefined
    const part = share(quantity)
    const value = part === undefined ? bytes(quantity) : part * whole[resource]
    return Number.isFinite(value) ? value : undefined
  }
  const entries = hostResources.map((resource) => {
    const resolved = hostTiers.flatMap((tier): [HostTier, number][] => {
      const value = resolve(resource, settings[resource][tier])
      return value === undefined ? [] : [[tier, value]]
    })
    return [resource, Object.fromEntries(resolved)] as const
  })
  return Object.fromEntries(entries) as Record<HostResource, Partial<Record<HostTier, number>>>
}
