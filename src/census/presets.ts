import type { Quantity, Size } from './quantity.ts'

/** The tiers that can be reached, lowest first. */
export const tiers = ['warning', 'critical', 'emergency', 'nuclear'] as const
/** One of the four tiers. */
export type Tier = (typeof tiers)[number]

/**
 * What is measured against tiers. limits: how many of the wanted limits the kernel does not hold; startup: processes
 * while the container is young, else none; health: 1 while it is unhealthy, or has crashed and does not run.
 */
export const resources = [
  'processes',
  'pids',
  'duplicates',
  'orphans',
  'zombies',
  'memory',
  'cpu',
  'startup',
  'limits',
  'health',
] as const
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

/** What the limits are lowered to for a container that explodes again after a restart. */
export const stricterLimits = { memory: '2g', memorySwap: '2g', pids: 50 } as const satisfies WantedLimits

type Playbooks = Readonly<Record<Tier, string>>

const leaks: Playbooks = { warning: 'record', critical: 'cleanup', emergency: 'contain', nuclear: 'restart' }
const all = (playbook: string): Playbooks => ({
  warning: playbook,
  critical: playbook,
  emergency: playbook,
  nuclear: playbook,
})

/** The playbook that a tier of a resource calls for where nobody says otherwise. */
export const usualPlaybook: Readonly<Record<Resource, Playbooks>> = {
  processes: leaks,
  pids: leaks,
  duplicates: leaks,
  orphans: leaks,
  zombies: { ...leaks, critical: 'reap', emergency: 'restart' },
  memory: { ...all('relieve-memory'), warning: 'record', nuclear: 'restart' },
  cpu: { ...all('relieve-cpu'), warning: 'record', nuclear: 'restart' },
  startup: { ...all('protect-startup'), warning: 'record' },
  limits: all('enforce-limits'),
  health: all('restart-unhealthy'),
}

type Row = readonly (Quantity | undefined)[]
type Rules = Partial<Record<Tier, TierRule>>

/** Warning, critical, emergency and nuclear in this order, with the usual playbooks unless others are named. */
const row =
  (resource: Resource) =>
  (at: Row, playbooks: Partial<Playbooks> = {}): Rules => {
    const rules = tiers.map((tier, index): [Tier, Quantity | undefined] => [tier, at[index]])
    return Object.fromEntries(
      rules.flatMap(([tier, quantity]) =>
        quantity === undefined
          ? []
          : [[tier, { at: quantity, playbook: playbooks[tier] ?? usualPlaybook[resource][tier] }]],
      ),
    )
  }

const [processes, memory, cpu, startup] = [row('processes'), row('memory'), row('cpu'), row('startup')]
const none = {}

/** The same in every preset. What is none is for whoever asks for it. */
const everywhere = {
  duplicates: row('duplicates')([1, 5, 20, 50]),
  orphans: row('orphans')([1, 5, 20, 50]),
  zombies: row('zombies')([1, 10, 50]),
  pids: row('pids')(['75%', '90%', '95%', '100%']),
  limits: none,
  health: none,
}

/**
 * `protocol` is the default. "More than 15" stands here as 16, because a tier is reached at or above its threshold.
 */
export const presets = {
  protocol: {
    tiers: {
      ...everywhere,
      processes: processes([16, 31, 51, 101]),
      startup: startup([undefined, undefined, 51]),
      memory: memory(['75%', '90%', '95%', '8g']),
      cpu: cpu(['60%', '80%']),
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
      processes: processes([12, 15], { critical: 'restart' }),
      startup: startup([undefined, 15]),
      memory: memory(['3072m', '4096m'], { critical: 'restart' }),
      cpu: cpu(['60%', '80%']),
    },
    limits: { memory: '4g', cpus: 2, pids: 50, nofile: [1024, 2048] },
  },
  fix: {
    tiers: {
      ...everywhere,
      processes: processes([undefined, 16, 31]),
      startup: startup([undefined, undefined, 31]),
      memory: none,
      cpu: none,
    },
    limits: { memory: '4g', memorySwap: '4g', cpus: 2, pids: 100 },
  },
  production: {
    tiers: {
      ...everywhere,
      processes: processes([undefined, 16]),
      startup: startup([undefined, 16]),
      memory: none,
      cpu: none,
    },
    limits: { memory: '4g', memoryReservation: '1g', cpus: 2, pids: 25 },
  },
  investigation: {
    tiers: {
      ...everywhere,
      processes: processes([16, 31, 46, 151], { warning: 'cleanup', critical: 'record' }),
      startup: startup([undefined, undefined, 46]),
      memory: memory(['75%', '90%', '95%']),
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
