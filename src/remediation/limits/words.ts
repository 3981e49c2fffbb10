import type { Adjustable } from '../../census/limits.ts'

const powers = [
  ['g', 1024 ** 3],
  ['m', 1024 ** 2],
  ['k', 1024],
] as const

/** Bytes as Docker and Compose read them: `4g`, `1536m`; what is no round number stays one of bytes. */
export function sizeText(bytes: number): string {
  const [suffix = '', power = 1] = powers.find(([, one]) => bytes >= one && bytes % one === 0) ?? []
  return `${bytes / power}${suffix}`
}

/** Bytes for people: `1.4g`. */
export function roughSize(bytes: number): string {
  const [suffix = '', power = 1] = powers.find(([, one]) => bytes >= one) ?? []
  return `${Number((bytes / power).toFixed(1))}${suffix}`
}

/** What a limit is called in sentences. */
export const limitNames: Readonly<Record<Adjustable, string>> = {
  memory: 'memory',
  memorySwap: 'memory with swap',
  memoryReservation: 'memory reservation',
  cpu: 'CPUs',
  pids: 'PIDs',
}

/** The amount of a limit in its own unit; undefined and -1 = `none`. */
export function amountOf(limit: Adjustable, value: number | undefined): string {
  if (value === undefined || value === -1) return 'none'
  return limit === 'cpu' || limit === 'pids' ? `${Number(value.toFixed(3))}` : roughSize(value)
}
