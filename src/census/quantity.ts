import { type Static, Type } from 'typebox'

/** A percentage of a limit, as text: `90%`. */
const percent = '^[0-9]{1,3}(\\.[0-9]+)?%$'
/** A number with one of Docker's size suffixes: `512m`, `4g`, `3072MB`. */
const size = '^[0-9]+(\\.[0-9]+)?\\s*([kmgtKMGT]i?)?[bB]?$'

/** What is expected, for error messages. */
export const quantityForm = 'a number, a size such as 512m or 4g, or a percentage of the limit such as 90%'
export const sizeForm = 'a number of bytes or a size such as 512m or 4g'

const Absolute = Type.Number({ minimum: 0 })

/** An absolute number, a size, or a percentage of the limit in force. */
export const Quantity = Type.Union([Absolute, Type.String({ pattern: `${percent}|${size}` })], {
  expected: quantityForm,
})
export type Quantity = Static<typeof Quantity>

/** A size in bytes: a number, or text with a suffix. */
export const Size = Type.Union([Absolute, Type.String({ pattern: size })], { expected: sizeForm })
export type Size = Static<typeof Size>

const powers: Record<string, number> = { '': 0, k: 1, m: 2, g: 3, t: 4 }

/** Bytes. Suffixes are powers of 1024, with or without an i, as Docker reads them. */
export function bytes(quantity: Size): number {
  if (typeof quantity === 'number') return quantity
  const [, number = '0', suffix = ''] = /^([\d.]+)\s*([kmgt]?)/i.exec(quantity) ?? []
  return Math.round(Number(number) * 1024 ** (powers[suffix.toLowerCase()] ?? 0))
}

/** The share of a limit that a percentage means, 0 to …; undefined for an absolute quantity. */
export function share(quantity: Quantity): number | undefined {
  if (typeof quantity !== 'string' || !quantity.endsWith('%')) return undefined
  return Number(quantity.slice(0, -1)) / 100
}
