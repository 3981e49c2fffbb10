import t from 'tap'
import { Value } from 'typebox/value'
import { bytes, Quantity, Size, share } from '../../src/census/quantity.ts'

const k = 1024

t.test('sizes are read as Docker reads them: powers of 1024, whatever the spelling', async (t) => {
  const table: [string | number, number][] = [
    [0, 0],
    [17, 17],
    [1.5, 1.5],
    ['0', 0],
    ['17', 17],
    ['17b', 17],
    ['17B', 17],
    ['1k', k],
    ['1K', k],
    ['1kb', k],
    ['1KB', k],
    ['1KiB', k],
    ['1ki', k],
    ['512m', 512 * k ** 2],
    ['3072MB', 3 * k ** 3],
    ['3072MiB', 3 * k ** 3],
    ['4g', 4 * k ** 3],
    ['4096m', 4 * k ** 3],
    ['4G', 4294967296],
    ['4GB', 4294967296],
    ['4 g', 4294967296],
    ['1.5g', 1.5 * k ** 3],
    ['0.5m', k ** 2 / 2],
    ['10.72g', Math.round(10.72 * k ** 3)],
    ['2t', 2 * k ** 4],
    ['2TiB', 2 * k ** 4],
  ]
  for (const [size, expected] of table) {
    t.ok(Value.Check(Size, size), String(size))
    t.ok(Value.Check(Quantity, size), String(size))
    t.equal(bytes(size), expected, String(size))
    t.equal(share(size), undefined, `${size} is no percentage`)
  }
})

t.test('a percentage is a share of a limit', async (t) => {
  const table: [string, number][] = [
    ['0%', 0],
    ['1%', 0.01],
    ['75%', 0.75],
    ['87.5%', 0.875],
    ['100%', 1],
    ['250%', 2.5],
    ['999%', 9.99],
  ]
  for (const [text, expected] of table) {
    t.ok(Value.Check(Quantity, text), text)
    t.equal(share(text), expected, text)
    t.notOk(Value.Check(Size, text), `${text} is no size`)
  }
})

t.test('what is neither is refused', async (t) => {
  const bad = [
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    ' ',
    ' 4g',
    '4g ',
    '-1',
    '-4g',
    '+4g',
    '1e9',
    '0x10',
    '4gg',
    '4gib2',
    '4x',
    '4bk',
    'g',
    '.5g',
    '5.g',
    '1,5g',
    '%',
    '-5%',
    '1000%',
    '90 %',
    '90%%',
    '4g%',
    'max',
    'unlimited',
    '4g\n',
    null,
    true,
    {},
    ['4g'],
  ]
  for (const given of bad) {
    t.notOk(Value.Check(Size, given), `size ${JSON.stringify(given)}`)
    t.notOk(Value.Check(Quantity, given), `quantity ${JSON.stringify(given)}`)
  }
})
