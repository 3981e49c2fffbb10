import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { KnownContainer } from '../host/inventory.ts'
import { presetNames, presets, type Thresholds } from './presets.ts'

/** What an operator can say about a container, in the configuration file for all and by label for one. */
export const PolicySettings = Type.Object(
  {
    mode: Type.Enum(['observe', 'dry-run', 'enforce'], {
      default: 'observe',
      description: 'observe: count and tell only. dry-run: plan, and touch nothing. enforce: act.',
    }),
    preset: Type.Enum(presetNames, {
      default: 'protocol',
      description: 'Which table of thresholds and playbooks applies.',
    }),
    profile: Type.Enum(['unknown', 'generic'], {
      default: 'unknown',
      description:
        'What is harmless to the application. unknown: only orphans may be signalled. generic: duplicates too.',
    }),
    copies: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 1,
      description: 'How many instances of one identity are allowed below one parent.',
    }),
    protect: Type.Array(Type.String({ minLength: 1, maxLength: 120 }), {
      default: [],
      description: 'Commands, as the metrics name them, that no signal may end.',
    }),
  },
  { additionalProperties: false },
)
export type PolicySettings = Static<typeof PolicySettings>

/** Everything that configuration and labels say about one container. */
export interface Policy extends PolicySettings {
  readonly thresholds: Thresholds
  /** Labels that were refused, with what was expected. A container with such a label stays in observe. */
  readonly errors: readonly string[]
}

const prefix = 'pidwarden.'

/** Marks the containers of pidwarden's own stack; they are never acted on. */
export const stackLabel = 'pidwarden.stack'

/**
 * Makes the policy of one container from the defaults of the file and the container's own labels. A label counts
 * only where somebody put it on the container: one with the same value as in the image came with the image. What
 * cannot be understood never makes anything act: the container stays in observe.
 */
export function policyOf({ labels, imageLabels }: KnownContainer, defaults: PolicySettings): Policy {
  const settings: Record<string, unknown> = { ...defaults }
  const errors: string[] = []
  for (const [label, text] of Object.entries(labels)) {
    if (!label.startsWith(prefix) || label === stackLabel || imageLabels[label] === text) continue
    const key = label.slice(prefix.length)
    if (!isSetting(key)) {
      errors.push(
        `label ${clip(label)}: unknown; expected one of ${known.map((name) => prefix + name).join(', ')}`,
      )
      continue
    }
    const value = fromText(key, text)
    if (Value.Check(PolicySettings.properties[key], value)) settings[key] = value
    else errors.push(`label ${label}: ${JSON.stringify(clip(text))} is not ${expected(key)}`)
  }
  const policy = Value.Parse(PolicySettings, settings)
  const mode = errors.length > 0 ? 'observe' : policy.mode
  return {
    ...policy,
    mode,
    protect: [...defaults.protect, ...policy.protect],
    thresholds: presets[policy.preset],
    errors,
  }
}

type Setting = keyof PolicySettings
const known = Object.keys(PolicySettings.properties) as Setting[]
const isSetting = (key: string): key is Setting => known.some((name) => name === key)

/** Labels are strings; numbers and lists are written as text: `3`, `node gateway.js, postgres`. */
function fromText(key: Setting, text: string): unknown {
  if (key === 'copies') return /^\d{1,6}$/.test(text) ? Number(text) : text
  if (key === 'protect') return text.split(',').map((command) => command.trim())
  return text
}

function expected(key: Setting): string {
  const schema = PolicySettings.properties[key]
  if ('enum' in schema) return `one of ${schema.enum.join(', ')}`
  return key === 'copies' ? 'a whole number from 1 to 10000' : 'a list of commands separated by commas'
}

/** Labels are input from others: a long one is cut before it is repeated anywhere. */
function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
