import { Value } from 'typebox/value'
import { imageLabel } from '../host/builder.ts'
import { PolicyLayer, PolicySettings } from './policy.ts'
import { resources, tiers } from './presets.ts'
import { quantityForm, sizeForm } from './quantity.ts'

const prefix = 'pidwarden.'

/** Marks the containers of pidwarden's own stack; they are never acted on. */
export const stackLabel = 'pidwarden.stack'

/** Labels that say nothing about the policy. */
const notOfPolicy: ReadonlySet<string> = new Set([stackLabel, imageLabel])

/** Without the image nobody can tell whether the label is the container's own; recreate the container. */
const imageGone = 'not counted, because its image was removed and may have brought it; recreate the container'

/** What the labels of one container ask for, and what of them could not be understood. */
export interface LabelLayer {
  readonly layer: PolicyLayer
  readonly errors: readonly string[]
}

/** How one label is read: what it sets, and in which form it is expected. */
interface LabelKey {
  readonly path: readonly string[]
  readonly expected: string
  parse(text: string): unknown
}

const text = (value: string): unknown => value.trim()
const list = (value: string): unknown =>
  value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
const number = (value: string): unknown => (/^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value)
const flag = (value: string): unknown => value.trim() === 'true' || (value.trim() === 'false' ? false : value)
const numberOrText = (value: string): unknown => number(value.trim())
const choice = (values: readonly unknown[]): string => `one of ${values.join(', ')}`

/** `2`, or `2, node mcp-server-memory=4`: a value for all, and others for single commands. */
function perCommand(parse: (value: string) => unknown): (value: string) => unknown {
  return (value) => {
    const parts = value.split(',').map((part) => part.trim())
    if (!value.includes('=')) return parse(value.trim())
    return Object.fromEntries(
      parts.map((part) => {
        const at = part.lastIndexOf('=')
        return at < 0 ? ['*', parse(part)] : [part.slice(0, at).trim(), parse(part.slice(at + 1).trim())]
      }),
    )
  }
}

const { mode, preset, profile, victims } = PolicySettings.properties
const simple: Record<string, Omit<LabelKey, 'path'>> = {
  mode: { expected: choice(mode.enum), parse: text },
  preset: { expected: choice(preset.enum), parse: text },
  profile: { expected: choice(profile.enum), parse: text },
  victims: { expected: choice(victims.enum), parse: text },
  recreate: { expected: 'true or false', parse: flag },
  copies: {
    expected: 'a whole number from 1 to 10000, or such as "1, node server.js=4"',
    parse: perCommand(number),
  },
  keep: { expected: 'oldest or newest, or such as "oldest, node server.js=newest"', parse: perCommand(text) },
  protect: { expected: 'commands separated by commas', parse: list },
  count: { expected: 'words separated by commas', parse: list },
}
const sizes = ['memory', 'memoryReservation', 'memorySwap']
const numbers = [
  ['cpus', 'a number of cores, more than 0 and up to 4096'],
  ['pids', 'a whole number from 1 to 4194304'],
] as const

function allKeys(): Map<string, LabelKey> {
  const keys = new Map<string, LabelKey>()
  for (const [name, key] of Object.entries(simple)) keys.set(name, { ...key, path: [name] })
  for (const resource of resources) {
    for (const tier of tiers) {
      const path = ['thresholds', resource, tier]
      const parse = (value: string): unknown => (value.trim() === 'off' ? false : numberOrText(value))
      keys.set(path.join('.'), { path, parse, expected: `${quantityForm}, or off` })
    }
  }
  for (const limit of sizes)
    keys.set(`limits.${limit}`, { path: ['limits', limit], parse: numberOrText, expected: sizeForm })
  for (const [limit, expected] of numbers)
    keys.set(`limits.${limit}`, { path: ['limits', limit], parse: number, expected })
  return keys
}

const keys = allKeys()

/** Every label that may be used, with the form that is expected. */
export const labelForms: readonly { readonly label: string; readonly expected: string }[] = [...keys].map(
  ([key, { expected }]) => ({ label: prefix + key, expected }),
)

/**
 * Reads the labels of a container. A label counts only where somebody put it on the container: one with the same
 * value as in the image came with the image. Without the image none counts.
 */
export function readLabels(
  labels: Readonly<Record<string, string>>,
  imageLabels: Readonly<Record<string, string>> | undefined,
): LabelLayer {
  const layer: Record<string, unknown> = {}
  const errors: string[] = []
  const ours = Object.entries(labels).filter(([label]) => label.startsWith(prefix) && !notOfPolicy.has(label))
  if (imageLabels === undefined) {
    return { layer: {}, errors: ours.map(([label]) => `label ${clip(label)}: ${imageGone}`) }
  }
  for (const [label, value] of ours) {
    if (imageLabels[label] === value) continue
    const key = keys.get(label.slice(prefix.length))
    if (key === undefined) {
      errors.push(
        `label ${clip(label)}: unknown; expected one of ${labelForms.map((form) => form.label).join(', ')}`,
      )
      continue
    }
    const alone = nested(key.path, key.parse(value))
    if (Value.Check(PolicyLayer, alone)) merge(layer, alone)
    // The value is not repeated: it was meant for another place, perhaps a secret one, and health is open to all.
    else errors.push(`label ${label}: its value is not ${key.expected}`)
  }
  return { layer: Value.Check(PolicyLayer, layer) ? layer : {}, errors }
}

function nested(path: readonly string[], value: unknown): Record<string, unknown> {
  const [first = '', ...rest] = path
  return { [first]: rest.length === 0 ? value : nested(rest, value) }
}

function merge(into: Record<string, unknown>, from: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(from)) {
    const before = into[key]
    if (isRecord(before) && isRecord(value)) merge(before, value)
    else into[key] = value
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Labels are input from others: the name of one is cut before it is repeated anywhere. */
function clip(long: string): string {
  return long.length > 80 ? `${long.slice(0, 80)}…` : long
}
