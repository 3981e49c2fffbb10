/** What tests ask a Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/ */

/** One series of an answer, with what it was over the range. */
export interface RangeSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, string])[]
}

async function ask<T>(url: string, path: string, parameters: Record<string, string>): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
  const answer = (await response.json()) as { status: string; data: T; error?: string }
  if (answer.status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${answer.error}`)
  return answer.data
}

/** The series of an expression over a range, in seconds since the epoch. Throws where it cannot be evaluated. */
export async function queryRange(
  url: string,
  query: string,
  { from, to, step }: { from: number; to: number; step: number },
): Promise<readonly RangeSeries[]> {
  const range = { start: String(from), end: String(to), step: String(step) }
  return (await ask<{ result: RangeSeries[] }>(url, 'query_range', { query, ...range })).result
}

/** A node of the tree that Prometheus makes of an expression; what is not read here is left out. */
interface Node {
  readonly type: string
  readonly name?: string
  readonly matchers?: readonly { readonly type: string; readonly name: string; readonly value: string }[]
}

/** The selectors in an expression, as Prometheus itself parses it: `up{job="pidwarden"}`. Throws where it cannot. */
export async function selectorsOf(url: string, query: string): Promise<readonly string[]> {
  const found = new Set<string>()
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, matchers = [] } = node as Node
    if (type === 'vectorSelector' || type === 'matrixSelector') {
      const [name = [], rest = []] = [
        matchers.filter((one) => one.name === '__name__'),
        matchers.filter((one) => one.name !== '__name__'),
      ]
      const inner = rest.map((one) => `${one.name}${one.type}${JSON.stringify(one.value)}`).join(', ')
      found.add(`${name[0]?.value ?? ''}{${inner}}`)
    }
    for (const child of Object.values(node)) visit(child)
  }
  visit(await ask(url, 'parse_query', { query }))
  return [...found]
}

/** How many series a selector has had in a range. */
export async function seriesOf(
  url: string,
  selector: string,
  { from, to }: { from: number; to: number },
): Promise<number> {
  const found = await ask<object[]>(url, 'series', {
    'match[]': selector,
    start: String(from),
    end: String(to),
  })
  return found.length
}
