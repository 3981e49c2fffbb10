/** Types that the text format knows and that pidwarden needs. */
export type MetricType = 'gauge' | 'counter'

/**
 * One family of a scrape. A sample becomes text when it is set: a scrape of a busy host has ten thousand of them, and
 * to keep each as an object until it is printed costs more than to count what it tells.
 */
export class Family<Label extends string = string> {
  readonly #name: string
  readonly #head: string
  readonly #labels: readonly Label[]
  #samples = ''

  constructor(name: string, type: MetricType, help: string, labels: readonly Label[]) {
    this.#name = name
    this.#head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
    this.#labels = labels
  }

  /** Adds a sample. Each combination of label values may be set once between two calls of `clear`. */
  set(labels: Readonly<Record<Label, string>>, value: number): void {
    let line = this.#name
    let before = '{'
    for (const label of this.#labels) {
      line += `${before}${label}="${escapeValue(labels[label])}"`
      before = ','
    }
    this.#samples += `${line}${before === ',' ? '} ' : ' '}${numeral(value)}\n`
  }

  /** Forgets all samples. */
  clear(): void {
    this.#samples = ''
  }

  /** HELP, TYPE and the samples, a line each. */
  text(): string {
    return this.#head + this.#samples
  }
}

/** All families of one exporter, in the text format of Prometheus, version 0.0.4. */
export class Exposition {
  /** Prometheus 3 refuses a scrape without it. */
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8'
  readonly #families: Pick<Family, 'clear' | 'text'>[] = []

  /** Declares a gauge; its name is given without the prefix. */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
  ): Family<Label> {
    return this.#declare(name, 'gauge', help, labels)
  }

  /** Declares a counter, whose value is kept elsewhere: by the kernel, the journal or a tally. */
  counter<Label extends string = never>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
  ): Family<Label> {
    return this.#declare(name, 'counter', help, labels)
  }

  /** Forgets all samples: what is not set anew is gone from the next scrape. */
  clear(): void {
    for (const family of this.#families) family.clear()
  }

  /** The whole scrape. */
  text(): string {
    return this.#families.map((family) => family.text()).join('')
  }

  #declare<Label extends string>(
    name: string,
    type: MetricType,
    help: string,
    labels: readonly Label[],
  ): Family<Label> {
    const family = new Family(`pidwarden_${name}`, type, help, labels)
    this.#families.push(family)
    return family
  }
}

/** Values are told in full; Go's ParseFloat, which reads them, knows these names of the others. */
function numeral(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (Number.isFinite(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}

const special = /[\\"\n]/

function escapeValue(text: string): string {
  // Nearly none has anything to escape, and to look is cheaper than to replace.
  return special.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : text
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
