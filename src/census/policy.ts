import { type Static, Type } from 'typebox'
import {
  type PresetName,
  presetNames,
  presets,
  type Resource,
  resources,
  type Tier,
  type TierRule,
  type TierTable,
  tiers,
  usualPlaybook,
  type WantedLimits,
} from './presets.ts'
import { type ProfileName, profileNames, profiles } from './profiles.ts'
import { bytes, Quantity, quantityForm, Size, share } from './quantity.ts'

/** The name of a command, as the metrics have it; `*` stands for all others. */
/** What a policy may let pidwarden do, the least first. */
export const modes = ['observe', 'dry-run', 'enforce'] as const

const command = Type.String({ minLength: 1, maxLength: 120 })
const copiesOfOne = Type.Integer({ minimum: 1, maximum: 10_000 })
const keepOfOne = Type.Enum(['oldest', 'newest'])

const tierSetting = Type.Union(
  [
    Quantity,
    Type.Literal(false),
    Type.Object(
      { at: Quantity, playbook: Type.String({ minLength: 1, maxLength: 64 }) },
      { additionalProperties: false },
    ),
  ],
  { expected: `${quantityForm}, false, or { at, playbook }` },
)

const closed = { additionalProperties: false } as const
const optionalTiers = Type.Object(
  {
    warning: Type.Optional(tierSetting),
    critical: Type.Optional(tierSetting),
    emergency: Type.Optional(tierSetting),
    nuclear: Type.Optional(tierSetting),
  },
  closed,
)

/** What an operator can say about containers: in the configuration file for all or some, by label for one. */
export const PolicySettings = Type.Object(
  {
    mode: Type.Enum([...modes], {
      description: 'observe: count and tell only. dry-run: plan, and touch nothing. enforce: act.',
    }),
    preset: Type.Enum(presetNames, {
      description: 'Which table of thresholds, playbooks and limits applies.',
    }),
    profile: Type.Enum(profileNames, {
      description: `What is harmless to the application. ${profileNames.map((name) => `${name}: ${profiles[name].description}`).join(' ')}`,
    }),
    victims: Type.Enum(['leaked', 'any'], {
      description:
        'Whom kill-oldest, kill-largest and kill-busiest may end. leaked: orphans and duplicates. any: every instance that nothing protects.',
    }),
    recreate: Type.Boolean({
      description:
        'Whether the container may be recreated: what it has written outside of its volumes is lost then.',
    }),
    copies: Type.Union([copiesOfOne, Type.Record(command, copiesOfOne)], {
      description: 'How many instances of one identity are allowed below one parent.',
      expected: 'a whole number from 1 to 10000, or such numbers by command',
    }),
    keep: Type.Union([keepOfOne, Type.Record(command, keepOfOne)], {
      description: 'Which copies stay when there are too many.',
      expected: 'oldest or newest, or these by command',
    }),
    protect: Type.Array(Type.String({ minLength: 1, maxLength: 120 }), {
      description: 'Commands, as the metrics name them, that no signal may end.',
    }),
    count: Type.Array(Type.String({ minLength: 1, maxLength: 120 }), {
      description:
        'Only processes whose command contains one of these words count towards the process tiers; empty = all.',
    }),
    thresholds: Type.Object(
      {
        processes: Type.Optional(optionalTiers),
        pids: Type.Optional(optionalTiers),
        duplicates: Type.Optional(optionalTiers),
        orphans: Type.Optional(optionalTiers),
        zombies: Type.Optional(optionalTiers),
        memory: Type.Optional(optionalTiers),
        cpu: Type.Optional(optionalTiers),
        startup: Type.Optional(optionalTiers),
        limits: Type.Optional(optionalTiers),
        health: Type.Optional(optionalTiers),
      },
      { ...closed, description: 'What differs from the preset, by resource and tier; false = no such tier.' },
    ),
    limits: Type.Object(
      {
        memory: Type.Optional(Size),
        memoryReservation: Type.Optional(Size),
        memorySwap: Type.Optional(Size),
        cpus: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 4096 })),
        pids: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_194_304 })),
      },
      { ...closed, description: 'What differs from the limits of the preset.' },
    ),
  },
  closed,
)
export type PolicySettings = Static<typeof PolicySettings>

/** The same with every key optional: one layer of settings over another. */
export const PolicyLayer = Type.Partial(PolicySettings, closed)
export type PolicyLayer = Static<typeof PolicyLayer>

/** What counts where nobody says anything. */
export const defaultPolicy: PolicySettings = {
  mode: 'observe',
  preset: 'protocol',
  profile: 'unknown',
  copies: 1,
  victims: 'leaked',
  recreate: false,
  keep: 'oldest',
  protect: [],
  count: [],
  thresholds: {},
  limits: {},
}

/** Everything that configuration and labels say about one container. */
export interface Policy {
  readonly mode: PolicySettings['mode']
  readonly preset: PresetName
  readonly profile: ProfileName
  readonly victims: PolicySettings['victims']
  readonly recreate: boolean
  /** How many instances of a command are allowed below one parent. */
  readonly copies: (command: string) => number
  /** Which of them stay. */
  readonly keep: (command: string) => 'oldest' | 'newest'
  readonly protect: readonly string[]
  /** Whether a process with this label counts towards the process tiers. */
  readonly counts: (label: string) => boolean
  /** Preset and overrides together; percentages are not resolved yet. */
  readonly tiers: TierTable
  readonly limits: WantedLimits
  /** What was refused, with what was expected. A container with any stays in observe. */
  readonly errors: readonly string[]
}

/** Makes a policy of settings that were checked. Errors that were found on the way turn the mode to observe. */
export function makePolicy(settings: PolicySettings, errors: readonly string[]): Policy {
  const preset = presets[settings.preset]
  const table = mergeTiers(preset.tiers, settings.thresholds)
  const all = [...errors, ...disorder(table)]
  const { count } = settings
  return {
    mode: all.length > 0 ? 'observe' : settings.mode,
    preset: settings.preset,
    profile: settings.profile,
    victims: settings.victims,
    recreate: settings.recreate,
    copies: forCommand<number>(settings.copies, 1),
    keep: forCommand<'oldest' | 'newest'>(settings.keep, 'oldest'),
    protect: settings.protect,
    counts: count.length === 0 ? () => true : (label) => count.some((word) => label.includes(word)),
    tiers: table,
    limits: { ...preset.limits, ...settings.limits },
    errors: all,
  }
}

function forCommand<T extends string | number>(
  setting: T | Readonly<Record<string, T>>,
  fallback: T,
): (command: string) => T {
  if (typeof setting !== 'object') return () => setting
  const byCommand = new Map(Object.entries(setting))
  return (command) => byCommand.get(command) ?? byCommand.get('*') ?? fallback
}

function mergeTiers(preset: TierTable, overrides: PolicySettings['thresholds']): TierTable {
  const merged = resources.map((resource): [Resource, Partial<Record<Tier, TierRule>>] => {
    const rules: Partial<Record<Tier, TierRule>> = { ...preset[resource] }
    for (const tier of tiers) {
      const override = overrides[resource]?.[tier]
      if (override === undefined) continue
      if (override === false) delete rules[tier]
      else if (typeof override === 'object') rules[tier] = override
      else rules[tier] = { at: override, playbook: rules[tier]?.playbook ?? usualPlaybook[resource][tier] }
    }
    return [resource, rules]
  })
  return Object.fromEntries(merged) as Record<Resource, Partial<Record<Tier, TierRule>>>
}

/**
 * Tiers of one kind (numbers, or percentages) must rise: a nuclear tier below warning would restart at nothing. And
 * none may be reached by a container that is well.
 */
function disorder(table: TierTable): string[] {
  return resources.flatMap((resource) => {
    const rules = tiers.flatMap((tier) => {
      const rule = table[resource][tier]
      return rule === undefined ? [] : [{ tier, at: rule.at }]
    })
    return rules.flatMap((rule, index) => {
      const where = `thresholds.${resource}.${rule.tier}: ${rule.at}`
      const unsound = unsoundness(resource, rule.at)
      if (unsound !== undefined) return [`${where} ${unsound}`]
      const lower = rules.slice(0, index).findLast(({ at }) => isShare(at) === isShare(rule.at))
      return lower !== undefined && amount(rule.at) < amount(lower.at)
        ? [`${where} is below ${lower.tier} (${lower.at}); tiers must rise`]
        : []
    })
  })
}

/** What is so little is 0 when thresholds are rounded to whole units. */
const least = 1e-6

const none = 'where no such tier is meant, a label says off and the file false'

/** What is wrong with a threshold by itself; undefined = nothing. */
function unsoundness(resource: Resource, at: Quantity): string | undefined {
  if (resource === 'health')
    return !isShare(at) && amount(at) === 1
      ? undefined
      : `is no threshold; health is 1 when the container is not well, and 0 otherwise; ${none}`
  return amount(at) > least ? undefined : `is reached at all times; ${none}`
}

/** How a percentage and a number compare shows only when the limit is known. */
const isShare = (quantity: Quantity): boolean => share(quantity) !== undefined
const amount = (quantity: Quantity): number => share(quantity) ?? bytes(quantity)
