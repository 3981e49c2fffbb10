/** Types that the text format knows and that pidwarden needs. */
export type MetricType = 'gauge' | 'counter' | 'histogram'

/**
 * One family of a scrape. A sample becomes bytes when it is set, in a buffer that the next scrape writes over: a busy
 * host has ten thousand samples, and to keep each until it is printed costs more than to count what it tells.
 */
export class Family<Label extends string = string> {
  readonly #name: string
  readonly #head: Buffer
  readonly #labels: readonly Label[]
  #samples = Buffer.allocUnsafe(0)
  #length = 0

  constructor(name: string, type: MetricType, help: string, labels: readonly Label[]) {
    this.#name = name
    this.#head = head(name, type, help)
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
    line += `${before === ',' ? '} ' : ' '}${numeral(value)}\n`
    // No character of a string takes more than three bytes of UTF-8.
    const needed = this.#length + line.length * 3
    if (needed > this.#samples.length) this.#grow(needed)
    this.#length += this.#samples.write(line, this.#length)
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(needed * 2)
    this.#samples.copy(larger, 0, 0, this.#length)
    this.#samples = larger
  }

  /** Forgets all samples. */
  clear(): void {
    this.#length = 0
  }

  /** HELP and TYPE, then the samples, a line each; valid until the next sample is set. */
  parts(): readonly Buffer[] {
    return [this.#head, this.samples()]
  }

  /** The samples alone. */
  samples(): Buffer {
    return this.#samples.subarray(0, this.#length)
  }
}

/** A histogram that is counted elsewhere: three families under one name. */
export class Histogram<Label extends string = string> {
  readonly #head: Buffer
  readonly #buckets: Family<Label | 'le'>
  readonly #sum: Family<Label>
  readonly #count: Family<Label>

  constructor(name: string, help: string, labels: readonly Label[]) {
    this.#head = head(name, 'histogram', help)
    this.#buckets = new Family(`${name}_bucket`, 'histogram', help, [...labels, 'le'])
    this.#sum = new Family(`${name}_sum`, 'histogram', help, labels)
    this.#count = new Family(`${name}_count`, 'histogram', help, labels)
  }

  /** Adds a combination of label values. `buckets` are cumulative: how many were `le` or less. */
  set(labels: Readonly<Record<Label, string>>, { buckets, count, sum }: Distribution): void {
    for (const bucket of buckets) this.#buckets.set({ ...labels, le: numeral(bucket.le) }, bucket.count)
    this.#buckets.set({ ...labels, le: '+Inf' }, count)
    this.#sum.set(labels, sum)
    this.#count.set(labels, count)
  }

  /** Forgets all samples. */
  clear(): void {
    for (const family of [this.#buckets, this.#sum, this.#count]) family.clear()
  }

  /** As of a family. */
  parts(): readonly Buffer[] {
    return [this.#head, this.#buckets.samples(), this.#sum.samples(), this.#count.samples()]
  }
}

/** What a histogram says of one combination of label values. */
export interface Distribution {
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
  readonly count: number
  readonly sum: number
}

/** All families of one exporter, in the text format of Prometheus, version 0.0.4. */
export class Exposition {
  /** Prometheus 3 refuses a scrape without it. */
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8'
  readonly #families: Pick<Family, 'clear' | 'parts'>[] = []

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

  /** Declares a histogram that is counted elsewhere. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
  ): Histogram<Label> {
    const family = new Histogram(`pidwarden_${name}`, help, labels)
    this.#families.push(family)
    return family
  }

  /** Forgets all samples: what is not set anew is gone from the next scrape. */
  clear(): void {
    for (const family of this.#families) family.clear()
  }

  /** The whole scrape, UTF-8. */
  bytes(): Buffer {
    return Buffer.concat(this.#families.flatMap((family) => family.parts()))
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

function head(name: string, type: MetricType, help: string): Buffer {
  return Buffer.from(`# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`)
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
