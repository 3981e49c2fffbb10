/** One measured point of a curve. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** The value in the middle; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  if (upper === undefined || lower === undefined) throw new RangeError('the median of nothing')
  return (lower + upper) / 2
}

/** The smallest value that at least `share` (0 to 1) of all values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (found === undefined) throw new RangeError('a quantile of nothing')
  return found
}

/** Slope of the straight line through the points, by least squares. */
export function slope(points: readonly Point[]): number {
  const count = points.length
  if (count < 2) throw new RangeError('a slope needs two points')
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  if (spread === 0) throw new RangeError('a slope needs two different x')
  return points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread
}

/** The b of y = a·x^b that fits best: 1 is linear, 2 is quadratic. All values must be above 0. */
export function exponent(points: readonly Point[]): number {
  if (points.some(({ x, y }) => x <= 0 || y <= 0)) throw new RangeError('an exponent needs values above 0')
  return slope(points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) })))
}
