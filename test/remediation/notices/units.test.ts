import t from 'tap'
import { duration, kibibytes } from '../../../src/remediation/notices/units.ts'

t.test('sizes for people', async (t) => {
  const cases: readonly [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [3.2 * 1024 ** 3, '3.2 GiB'],
    [2048 * 1024 ** 4, '2048.0 TiB'],
  ]
  for (const [bytes, text] of cases) t.equal(kibibytes(bytes), text)
})

t.test('times for people', async (t) => {
  const cases: readonly [number, string][] = [
    [-5, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [3_599_000, '59 min'],
    [3_600_000, '1 h'],
    [11_100_000, '3 h 5 min'],
  ]
  for (const [ms, text] of cases) t.equal(duration(ms), text)
})
