import t from 'tap'
import { figureOf, rounded, verdictOf } from '../../bench/bars.ts'
import { judged, type Measurement, told } from '../../bench/measurement.ts'

const other = { name: 'the C floor', value: 100 }

t.test(
  'a bar judges the ratio where there is one, else the value, and the limit itself is held',
  async (t) => {
    for (const { measurement, atMost, held } of [
      { measurement: told('a', 150, 'ms', other), atMost: 1.5, held: true },
      { measurement: told('a', 151, 'ms', other), atMost: 1.5, held: false },
      { measurement: told('a', 25, 'ms'), atMost: 25, held: true },
      { measurement: told('a', 26, 'ms'), atMost: 25, held: false },
      { measurement: told('a', Number.NaN, 'ms'), atMost: 25, held: false },
    ]) {
      t.match(
        judged('floor', atMost, measurement),
        { bar: 'floor', held },
        `${figureOf(measurement)} <= ${atMost}`,
      )
    }
  },
)

t.test('verdicts', async (t) => {
  const good = judged('memory', 4, told('growth', 1, 'MiB'))
  const bad = judged('memory', 0, told('OOM kills', 2, ''))
  const elsewhere = judged('stall', 25, told('stall', 99, 'ms'))
  const lacks = new Map([['memory', 'needs root']] as const)
  const none = new Map()
  for (const { what, found, reasons, is } of [
    {
      what: 'held',
      found: [good, told('size', 3, 'kB')],
      reasons: none,
      is: { kind: 'held', figures: ['growth: 1 MiB'] },
    },
    {
      what: 'one missed',
      found: [good, bad],
      reasons: none,
      is: { kind: 'missed', figures: ['OOM kills: 2'] },
    },
    { what: 'missed before it broke off', found: [bad], reasons: lacks, is: { kind: 'missed' } },
    {
      what: 'good before it broke off',
      found: [good],
      reasons: lacks,
      is: { kind: 'not measured here', why: 'needs root' },
    },
    { what: 'no benchmark', found: [elsewhere], reasons: none, is: { kind: 'not measured here' } },
  ] as { what: string; found: Measurement[]; reasons: Map<'memory', string>; is: object }[]) {
    t.match(verdictOf('memory', found, reasons), is, what)
  }
})

t.test('figures for people', async (t) => {
  t.equal(figureOf(told('census', 121.26, 'ms', other)), 'census: 1.21 × the C floor')
  t.equal(figureOf(told('exponent', 1.0349, '')), 'exponent: 1.03')
  for (const [value, text] of [
    [0, '0'],
    [12_345.6, '12,346'],
    [123.4, '123'],
    [1.2345, '1.23'],
    [0.012345, '0.0123'],
    [-0.5467, '-0.547'],
  ] as const) {
    t.equal(rounded(value), text)
  }
})
