import { type Static, Type } from 'typebox'

/** The tiers that can be reached, lowest first. */
export const tiers = ['warning', 'critical', 'emergency', 'nuclear'] as const
/** One of the four tiers. */
export type Tier = (typeof tiers)[number]

/** What is measured against tiers. */
export const resources = ['processes', 'duplicates'] as const
/** One of the measured resources. */
export type Resource = (typeof resources)[number]

/** Where a tier begins, and the playbook that it calls for. */
export const Threshold = Type.Object(
  {
    at: Type.Number({ minimum: 1, description: 'The tier is reached at or above this value.' }),
    playbook: Type.String({
      minLength: 1,
      description: 'The playbook that the alert of this tier asks for.',
    }),
  },
  { additionalProperties: false },
)
export type Threshold = Static<typeof Threshold>

/** Thresholds of one container: a tier without an entry does not exist for that resource. */
export type Thresholds = Readonly<Record<Resource, Readonly<Partial<Record<Tier, Threshold>>>>>

const at = (value: number, playbook: string): Threshold => ({ at: value, playbook })

/** The same in every preset: duplicates decide what may be killed, so they are judged alike. */
const duplicates = {
  warning: at(1, 'record'),
  critical: at(5, 'cleanup'),
  emergency: at(20, 'cleanup'),
  nuclear: at(50, 'restart'),
}

/**
 * Named tables of thresholds. `protocol` is the default. "More than 15" stands here as 16, because a tier is reached
 * at or above its threshold.
 */
export const presets = {
  protocol: {
    processes: {
      warning: at(16, 'record'),
      critical: at(31, 'cleanup'),
      emergency: at(51, 'cleanup'),
      nuclear: at(101, 'restart'),
    },
    duplicates,
  },
  prevention: {
    processes: { warning: at(12, 'record'), critical: at(15, 'restart') },
    duplicates,
  },
  fix: {
    processes: { critical: at(16, 'cleanup'), emergency: at(31, 'cleanup') },
    duplicates,
  },
  production: {
    processes: { critical: at(16, 'cleanup') },
    duplicates,
  },
  investigation: {
    processes: {
      warning: at(16, 'cleanup'),
      critical: at(31, 'record'),
      emergency: at(46, 'cleanup'),
      nuclear: at(151, 'restart'),
    },
    duplicates,
  },
} as const satisfies Record<string, Thresholds>

/** The names of the presets, as a label or the file may say them. */
export const presetNames = [
  'protocol',
  'prevention',
  'fix',
  'production',
  'investigation',
] as const satisfies (keyof typeof presets)[]

/** Position of a tier, for comparisons; normal is below all. */
export function rank(tier: Tier | 'normal'): number {
  return tier === 'normal' ? -1 : tiers.indexOf(tier)
}

/** The highest tier that `value` reaches. */
export function tierOf(
  value: number,
  thresholds: Readonly<Partial<Record<Tier, Threshold>>>,
): Tier | 'normal' {
  const reached = tiers.filter((tier) => value >= (thresholds[tier]?.at ?? Number.POSITIVE_INFINITY))
  return reached.at(-1) ?? 'normal'
}
