/** One scrape, taken apart: series by family, without comments. */
export function parseExposition(text: string): Map<string, Map<string, number>> {
  const families = new Map<string, Map<string, number>>()
  for (const line of text.split('\n')) {
    const found = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/s.exec(line)
    if (found === null) continue
    const [, name = '', labels = '', number] = found
    const series = families.get(name) ?? new Map<string, number>()
    series.set(labels, Number(number))
    families.set(name, series)
  }
  return families
}

/** The series of one family, as an object for comparisons; the prefix is added. */
export function family(text: string, name: string): Record<string, number> {
  return Object.fromEntries(parseExposition(text).get(`pidwarden_${name}`) ?? [])
}

/** Sums up a family. */
export function total(text: string, name: string): number {
  return Object.values(family(text, name)).reduce((sum, one) => sum + one, 0)
}
