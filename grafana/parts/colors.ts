/** Colours that mean something, and words for numbers. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'

/** The colour of each tier. */
export const tierColors = { warning: 'yellow', critical: 'orange', emergency: 'red', nuclear: 'purple' }

/** A value that stands for a word: its colour says whether all is well. */
export type Word = { text: string; color: string }

/** Shows words for values. */
export const words = (list: Readonly<Record<string, Word>>): dashboard.ValueMapping[] => [
  { type: dashboard.MappingType.ValueToText, options: list },
]

/** The names of the tiers in their colours. */
export const tierWords = words(
  Object.fromEntries(Object.entries(tierColors).map(([tier, color]) => [tier, { text: tier, color }])),
)

/** Words for 1 and 0, where 1 is as it should be. */
export const good = (one: string, zero: string): dashboard.ValueMapping[] =>
  words({ 1: { text: one, color: 'green' }, 0: { text: zero, color: 'red' } })

/** Words for 1 and 0, where 0 is as it should be. */
export const bad = (one: string, zero: string): dashboard.ValueMapping[] =>
  words({ 1: { text: one, color: 'red' }, 0: { text: zero, color: 'green' } })

/** One colour for everything. */
export const fixed = (color: string): dashboard.FieldColorBuilder =>
  new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Fixed).fixedColor(color)

/** Plain text for 0, a colour from 1 on: for counts of what should not be there at all. */
export const alarming = (color: string) => ({
  scheme: new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds),
  thresholds: new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps([
    { value: null, color: 'text' },
    { value: 1, color },
  ]),
})

/** Whom an alert for people is for, as incidents have it. */
export const levelWords = words({
  1: { text: 'log only', color: 'text' },
  2: { text: 'operations', color: 'yellow' },
  3: { text: 'engineering', color: 'orange' },
  4: { text: 'everybody', color: 'red' },
  5: { text: 'a person must act', color: 'purple' },
})
