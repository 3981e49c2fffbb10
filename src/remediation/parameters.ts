import { type TObject, Type } from 'typebox'
import { Value } from 'typebox/value'

const from0to = (maximum: number, description: string) => ({
  minimum: 0,
  maximum,
  description: `${description} Seconds.`,
  expected: `a number of seconds from 0 to ${maximum}`,
})

/** A parameter in seconds that may be left out. */
export const optionalSeconds = (maximum: number, description: string) =>
  Type.Optional(Type.Number(from0to(maximum, description)))

/** A parameter in seconds with a default of its own. */
export const seconds = (fallback: number, maximum: number, description: string) =>
  Type.Number({ ...from0to(maximum, description), default: fallback })

/** Parameters with their defaults; what was given is left as it is. Not checked. */
export function withDefaults(schema: TObject, given: unknown): unknown {
  return Value.Default(schema, structuredClone(given))
}

/** What is wrong with one parameter. */
export interface WrongParameter {
  readonly key: string
  readonly what: string
}

/** Everything that is wrong with the parameters of an action, each key once. */
export function wrongParameters(schema: TObject, given: unknown): readonly WrongParameter[] {
  const names = Object.keys(schema.properties)
  const keys = Value.Errors(schema, withDefaults(schema, given))
    // Each unknown key is told twice: by its parent, and by itself.
    .filter(({ keyword }) => keyword !== 'additionalProperties')
    .map(({ instancePath }) => instancePath.split('/')[1] ?? '')
  return [...new Set(keys)].map((key) => {
    if (!Object.hasOwn(schema.properties, key)) {
      const allowed = names.length === 0 ? 'no parameters' : `one of ${names.join(', ')}`
      return { key, what: `unknown key; expected ${allowed}` }
    }
    const expected = Object.entries(schema.properties[key] ?? {}).find(([name]) => name === 'expected')?.[1]
    return { key, what: `expected ${String(expected)}` }
  })
}
