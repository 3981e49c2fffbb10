import type { Quantity, Size } from './quantity.ts'

/** The tiers that can be reached, lowest first. */
export const tiers = ['warning', 'critical', 'emergency', 'nuclear'] as const
/** One of the four tiers. */
export type Tier = (typeof tiers)[number]

/** What is measured against tiers. */
export const resources = ['processes', 'pids', 'duplicates', 'memory', 'cpu'] as const
/** One of the measured resources. */
export type Resource = (typeof resources)[number]

/** Where a tier begins, and the playbook that it calls for. */
export interface TierRule {
  /** Reached at or above. Counts, bytes, cores; or a percentage of the limit in force. */
  readonly at: Quantity
  readonly playbook: string
}

/** The tiers of each resource; a tier without an entry does not exist for it. */
export type TierTable = Readonly<Record<Resource, Readonly<Partial<Record<Tier, TierRule>>>>>

/** The limits that a container ought to have. What is absent is left as it is. */
export interface WantedLimits {
  readonly memory?: Size
  readonly memoryReservation?: Size
  /** Memory and swap together, as Docker counts it. */
  readonly memorySwap?: Size
  readonly cpus?: number
  readonly pids?: number
  /** Open files of a process, soft and hard. */
  readonly nofile?: readonly [number, number]
  /** Processes of a user. */
  readonly nproc?: number
}

/** A named table of tiers, with the limits that go with it. */
export interface Preset {
  readonly tiers: TierTable
  readonly limits: WantedLimits
}

/** The playbook that a tier calls for where nobody says otherwise. */
export const usualPlaybook = {
  warning: 'record',
  critical: 'cleanup',
  emergency: 'contain',
  nuclear: 'restart',
} as const satisfies Record<Tier, string>

type Row = readonly (Quantity | undefined)[]

/** Warning, critical, emergency and nuclear in this order, with the usual playbooks unless others are named. */
function row(at: Row, playbooks: Partial<Record<Tier, string>> = {}): Partial<Record<Tier, TierRule>> {
  const rules = tiers.map((tier, index): [Tier, Quantity | undefined] => [tier, at[index]])
  return Object.fromEntries(
    rules.flatMap(([tier, quantity]) =>
      quantity === undefined
        ? []
        : [[tier, { at: quantity, playbook: playbooks[tier] ?? usualPlaybook[tier] }]],
    ),
  )
}

/** The same in every preset. */
const everywhere = {
  duplicates: row([1, 5, 20, 50]),
  pids: row(['75%', '90%', '95%', '100%']),
}

const none = {}

/**
 * `protocol` is the default. "More than 15" stands here as 16, because a tier is reached at or above its threshold.
 */
export const presets = {
  protocol: {
    tiers: {
      ...everywhere,
      processes: row([16, 31, 51, 101]),
      memory: row(['75%', '90%', '95%', '8g']),
      cpu: row(['60%', '80%']),
    },
    limits: {
      memory: '4g',
      memoryReservation: '1g',
      memorySwap: '4g',
      cpus: 2,
      pids: 100,
      nproc: 100,
      nofile: [1024, 2048],
    },
  },
  prevention: {
    tiers: {
      ...everywhere,
      processes: row([12, 15], { critical: 'restart' }),
      memory: row(['3072m', '4096m'], { critical: 'restart' }),
      cpu: row(['60%', '80%']),
    },
    limits: { memory: '4g', cpus: 2, pids: 50, nofile: [1024, 2048] },
  },
  fix: {
    tiers: { ...everywhere, processes: row([undefined, 16, 31]), memory: none, cpu: none },
    limits: { memory: '4g', memorySwap: '4g', cpus: 2, pids: 100 },
  },
  production: {
    tiers: { ...everywhere, processes: row([undefined, 16]), memory: none, cpu: none },
    limits: { memory: '4g', memoryReservation: '1g', cpus: 2, pids: 25 },
  },
  investigation: {
    tiers: {
      ...everywhere,
      processes: row([16, 31, 46, 151], { warning: 'cleanup', critical: 'record' }),
      memory: row(['75%', '90%', '95%']),
      cpu: none,
    },
    limits: { memory: '4g', pids: 25 },
  },
} as const satisfies Record<string, Preset>

/** The names of the presets, as a label or the file may say them. */
export const presetNames = [
  'protocol',
  'prevention',
  'fix',
  'production',
  'investigation',
] as const satisfies (keyof typeof presets)[]

/** The name of a preset. */
export type PresetName = (typeof presetNames)[number]

/** Position of a tier, for comparisons; normal is below all. */
export function rank(tier: Tier | 'normal'): number {
  return tier === 'normal' ? -1 : tiers.indexOf(tier)
}
