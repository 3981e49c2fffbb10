import t from 'tap'
import { exponent, median, quantile, slope } from '../../bench/statistics.ts'

t.test('median', async (t) => {
  for (const { values, is } of [
    { values: [5], is: 5 },
    { values: [9, 1, 5], is: 5 },
    { values: [4, 1, 3, 2], is: 2.5 },
    { values: [100, 9, 10], is: 10 },
  ]) {
    t.equal(median(values), is, JSON.stringify(values))
  }
  t.throws(() => median([]), RangeError)
})

t.test('quantile: a value that was measured', async (t) => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at)
  for (const { share, is } of [
    { share: 0, is: 1 },
    { share: 0.5, is: 50 },
    { share: 0.99, is: 99 },
    { share: 1, is: 100 },
  ]) {
    t.equal(quantile(values, share), is, String(share))
  }
  t.throws(() => quantile([], 0.5), RangeError)
})

t.test('slope', async (t) => {
  const line = [0, 1, 2, 3].map((x) => ({ x, y: 7 - 2 * x }))
  t.equal(slope(line), -2)
  const noisy = [0, 1, 2, 3].map((x) => ({ x, y: 5 + (x % 2) }))
  t.ok(Math.abs(slope(noisy)) < 0.5, 'noise is nearly flat')
  t.throws(() => slope([{ x: 1, y: 1 }]), RangeError)
  t.throws(
    () =>
      slope([
        { x: 1, y: 1 },
        { x: 1, y: 2 },
      ]),
    RangeError,
  )
})

t.test('exponent', async (t) => {
  const curve = (power: number) => [100, 300, 1000, 10_000].map((x) => ({ x, y: 0.02 * x ** power }))
  for (const power of [0.5, 1, 1.1, 2]) t.ok(Math.abs(exponent(curve(power)) - power) < 1e-9, String(power))
  t.throws(
    () =>
      exponent([
        { x: 1, y: 0 },
        { x: 2, y: 1 },
      ]),
    RangeError,
  )
})
