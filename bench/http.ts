/** One answer of a /metrics. */
export interface Scrape {
  readonly status: number
  readonly text: string
  /** From the request to the last byte. */
  readonly milliseconds: number
}

/** Scrapes once. Throws when nothing answers within the deadline. */
export async function scrape(url: string, deadline = 60_000): Promise<Scrape> {
  const begun = performance.now()
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(deadline) })
  const text = await response.text()
  return { status: response.status, text, milliseconds: performance.now() - begun }
}

/** The sum of a family's values over all its series; undefined when there are none. */
export function sumOf(text: string, family: string): number | undefined {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${family}{`) || line.startsWith(`${family} `))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)))
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0)
}
