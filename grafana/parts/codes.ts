/** What a label tells, as a number that a panel can show as a word: a state timeline draws numbers only. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { tierColors, type Word, words } from './colors.ts'

/** Values of a label, each with its colour. The first is coded as 1, the next as 2. */
export type Code = { label: string; colors: Readonly<Record<string, string>> }

/** State.Status of Docker. */
export const states: Code = {
  label: 'state',
  colors: {
    created: 'blue',
    running: 'green',
    paused: 'yellow',
    restarting: 'orange',
    removing: 'orange',
    exited: 'red',
    dead: 'red',
  },
}

/** State.Health of Docker. */
export const healths: Code = {
  label: 'status',
  colors: { none: 'text', starting: 'blue', healthy: 'green', unhealthy: 'red' },
}

/** The tier of an open incident. */
export const incidentTiers: Code = { label: 'tier', colors: tierColors }

/** One number for each container: the highest code among the values whose series is above 0. */
export function coded(metric: string, matchers: string, { label, colors }: Code): string {
  const each = Object.keys(colors).map(
    (value, index) => `${index + 1} * ${metric}{${matchers}, ${label}="${value}"}`,
  )
  return `max by (job, instance, name) (${each.join(' or ')})`
}

/** The words of a code. `none` is what 0 is called, where there is a 0. */
export function decoded({ colors }: Code, none?: string): dashboard.ValueMapping[] {
  const list: [number, Word][] = Object.entries(colors).map(([text, color], index) => [
    index + 1,
    { text, color },
  ])
  const zero: [number, Word][] = none === undefined ? [] : [[0, { text: none, color: 'green' }]]
  return words(Object.fromEntries([...zero, ...list]))
}
