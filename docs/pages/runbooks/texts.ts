import type { Resource, Tier } from '../../../src/census/presets.ts'

/** What the pages of the four tiers of one resource say, beside what follows from presets and playbooks. Markdown. */
export interface ResourceTexts {
  readonly resource: Resource
  /** What has happened: the sentence below the title. */
  readonly sentence: (tier: Tier) => string
  /** What the alert compares with the threshold, as PromQL; the container is called metamcp. */
  readonly value: string
  readonly meaning: string
  readonly impact: string
  /** What a tier adds to that. */
  readonly atTier?: Partial<Readonly<Record<Tier, string>>>
  /** From the second look on: the first is the same for all. */
  readonly diagnosis: string
  /** What a person may do, after the playbooks of the table. */
  readonly byHand: string
  /** Playbooks that a person may order for it, gentlest first. */
  readonly orders: readonly string[]
  readonly over: string
  readonly tune: string
}

/** What a label of a resource's tier looks like in a page. */
export const example = (resource: Resource, tier: Tier, value: string): string =>
  ['```yaml', 'labels:', `  pidwarden.thresholds.${resource}.${tier}: "${value}"`, '```'].join('\n')

/** A block of PromQL: one expression. */
export const promql = (expression: string): string => ['```promql', expression, '```'].join('\n')

/** A block of shell commands. */
export const sh = (...lines: readonly string[]): string => ['```sh', ...lines, '```'].join('\n')

/** Paragraphs and blocks, with an empty line between each two. */
export const page = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n')
