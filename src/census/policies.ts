import { type Static, Type } from 'typebox'
import { lastingName } from '../host/aside.ts'
import type { KnownContainer } from '../host/inventory.ts'
import { readLabels } from './labels.ts'
import { defaultPolicy, makePolicy, modes, type Policy, PolicyLayer, PolicySettings } from './policy.ts'

const closed = { additionalProperties: false } as const

/** A layer for the containers of a name or image; `*` stands for any characters. */
const ContainerLayer = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    image: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    policy: PolicyLayer,
  },
  closed,
)

/** What the configuration file says about containers. */
export const PoliciesConfig = {
  policy: Type.Object(PolicyLayer.properties, {
    ...closed,
    default: {},
    description: 'For all containers.',
  }),
  containers: Type.Array(ContainerLayer, {
    default: [],
    description: 'For some, by name or image; the later entry wins. Labels of the container come last.',
  }),
  labels: Type.Object(
    {
      maxMode: Type.Enum([...modes], {
        default: 'enforce',
        description: 'The most that a label may ask for.',
      }),
      ignore: Type.Array(Type.Enum(Object.keys(PolicySettings.properties)), {
        default: [],
        description: 'Keys that do not count when a label sets them, such as preset or thresholds.',
      }),
    },
    { ...closed, default: {}, description: 'How far labels are trusted.' },
  ),
  expected: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
    default: [],
    description: 'Names of containers that must be there; one that is missing stays visible.',
  }),
  collect: Type.Object(
    {
      openFds: Type.Boolean({
        default: false,
        description: 'Count open files; reads a folder for every process at every scrape.',
      }),
    },
    { ...closed, default: {}, description: 'What is measured only on request.' },
  ),
} as const

const schema = Type.Object(PoliciesConfig, closed)
export type PoliciesConfig = Static<typeof schema>

/** A layer of the file: the key under which it stands, what it says, and what counts with it for all it does not say. */
export interface Layer {
  readonly where: string
  readonly given: PolicyLayer
  readonly settings: PolicySettings
}

/** What the file says for all containers, then what it says for some of them, each alone over that for all. */
export function layersOf({
  policy,
  containers,
}: Pick<PoliciesConfig, 'policy' | 'containers'>): readonly Layer[] {
  const base: PolicySettings = { ...defaultPolicy, ...policy }
  return [
    { where: 'policy', given: policy, settings: base },
    ...containers.map((layer, index) => ({
      where: `containers.${index}.policy`,
      given: layer.policy,
      settings: over(base, layer.policy),
    })),
  ]
}

/** What is wrong with the file's layers taken together, such as tiers that do not rise. */
export function findConflicts(config: PoliciesConfig): readonly string[] {
  return layersOf(config).flatMap(({ where, settings }) =>
    makePolicy(settings, []).errors.map((error) => `${where}.${error}`),
  )
}

/**
 * Tells the policy of a container: defaults, the file's layers, then the container's labels as far as the file trusts
 * them. Labels may tighten what is protected and how many copies are let live, and what the file says of profile and
 * recreate; never loosen it. What cannot be understood never makes anything act: the container stays in observe.
 */
export function policyFor({ policy: forAll, containers, labels: trust }: PoliciesConfig) {
  const base: PolicySettings = { ...defaultPolicy, ...forAll }
  const layers = containers.map(({ name, image, policy }) => ({
    name: glob(name),
    image: glob(image),
    policy,
  }))
  // Records from the inventory are never changed in place, and a scrape asks for hundreds: each is judged once.
  const known = new WeakMap<KnownContainer, Policy>()

  return (container: KnownContainer): Policy => {
    let policy = known.get(container)
    if (policy === undefined) {
      policy = make(container)
      known.set(container, policy)
    }
    return policy
  }

  function make(container: KnownContainer): Policy {
    const fitting = layers.filter(({ name, image }) => name(lastingName(container)) && image(container.image))
    const given = [forAll, ...fitting.map(({ policy }) => policy)]
    const settings = given.slice(1).reduce(over, base)
    const asked = readLabels(container.labels, container.imageLabels)
    const layer = Object.fromEntries(
      Object.entries(asked.layer).filter(([key]) => !trust.ignore.includes(key)),
    )
    const labelled: PolicySettings = over(settings, layer)
    const mode = modes.indexOf(labelled.mode) > modes.indexOf(trust.maxMode) ? trust.maxMode : labelled.mode
    return makePolicy(
      {
        ...labelled,
        // The file itself may go further than it lets labels go.
        mode: 'mode' in layer ? mode : labelled.mode,
        // A label may narrow whom an action ends, never widen it.
        victims: settings.victims === 'leaked' ? 'leaked' : labelled.victims,
        // Where the file says nothing of these, a label may speak; where it does, a label may take back, and no more.
        profile: mayAsk(given, 'profile', 'generic') ? labelled.profile : settings.profile,
        recreate: mayAsk(given, 'recreate', true) ? labelled.recreate : settings.recreate,
        copies: 'copies' in layer ? atLeast(settings.copies, labelled.copies) : settings.copies,
        protect: [...new Set([...settings.protect, ...labelled.protect])],
      },
      asked.errors,
    )
  }
}

/** Whether the layers of the file say the widest of a key that there is, or nothing at all: a label counts only then. */
function mayAsk<Key extends 'profile' | 'recreate'>(
  given: readonly PolicyLayer[],
  key: Key,
  widest: PolicySettings[Key],
): boolean {
  const said = given.findLast((layer) => layer[key] !== undefined)
  return said === undefined || said[key] === widest
}

/** One layer over another; thresholds and limits key by key. */
function over(settings: PolicySettings, layer: PolicyLayer): PolicySettings {
  const thresholds: PolicySettings['thresholds'] = { ...settings.thresholds }
  for (const [resource, rules] of Object.entries(layer.thresholds ?? {})) {
    const key = resource as keyof typeof thresholds
    thresholds[key] = { ...thresholds[key], ...rules }
  }
  return { ...settings, ...layer, thresholds, limits: { ...settings.limits, ...layer.limits } }
}

type Copies = PolicySettings['copies']

/** For every command the larger of two settings. */
function atLeast(floor: Copies, asked: Copies): Copies {
  const [low, high] = [asRecord(floor), asRecord(asked)]
  const commands = new Set([...Object.keys(low), ...Object.keys(high)])
  // `record[command]` alone would find what every object has: a command may be called constructor.
  const of = (record: Record<string, number>, command: string): number =>
    (Object.hasOwn(record, command) ? record[command] : record['*']) ?? 1
  return Object.fromEntries(
    [...commands].map((command) => [command, Math.max(of(low, command), of(high, command))]),
  )
}

function asRecord(copies: Copies): Record<string, number> {
  return typeof copies === 'number' ? { '*': copies } : { '*': 1, ...copies }
}

/** Whether a text fits a pattern, in which `*` stands for any characters; no pattern, any text. */
export function glob(pattern: string | undefined): (text: string) => boolean {
  if (pattern === undefined) return () => true
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`, 's')
  return (text) => expression.test(text)
}
