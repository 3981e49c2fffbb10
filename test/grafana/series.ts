/** What Prometheus would have stored of hosts, as promtool takes it: a sample every 15 seconds for an hour. */

/** Series, with their values in promtool's notation. */
export type World = Readonly<Record<string, string>>

const here = 'job="pidwarden", instance="host:3001"'

/** A series of pidwarden. */
export const series = (metric: string, labels = ''): string =>
  `${metric}{${here}${labels === '' ? '' : `, ${labels}`}}`

/** Always the same. */
export const steady = (value: number): string => `${value}x240`

/** More by `step` each time. */
export const growing = (step: number): string => `0+${step}x240`

/** The container that everything is about. */
export const web = 'name="web"'

/** A series for each value of a label. */
export const each = (metric: string, label: string, values: Record<string, number>, more = ''): World =>
  Object.fromEntries(
    Object.entries(values).map(([value, number]) => [
      series(metric, `${label}="${value}"${more}`),
      steady(number),
    ]),
  )

/** Several metrics with the same value. */
export const same = (names: readonly string[], labels: string, value: string): World =>
  Object.fromEntries(names.map((name) => [series(name, labels), value]))
