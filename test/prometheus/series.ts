/** Series that promtool's unit tests are fed with, as functions of time. */

/** What a scrape finds: a number, nothing (`_`, the scrape was missed), or that the series has gone. */
export type Sample = number | '_' | 'stale'

/** What a series is, so many seconds after the beginning. */
export type Course = (seconds: number) => Sample

/** One series. */
export interface Series {
  readonly metric: string
  readonly labels: Readonly<Record<string, string>>
  readonly course: Course
}

/** Labels of a series. */
export type Labels = Series['labels']

/** The id of the container that most cases are about. */
export const id = 'aaa111'
const target = { job: 'pidwarden', instance: 'host-a:3001' }

const series = (metric: string, course: Course | number, labels: Labels): Series => ({
  metric,
  labels,
  course: typeof course === 'number' ? () => course : course,
})

/** A series of pidwarden about the container `metamcp`, or the one that `labels` names. */
export const container = (metric: string, course: Course | number, labels: Labels = {}): Series =>
  series(`pidwarden_${metric}`, course, { ...target, name: 'metamcp', ...labels })

/** A series of pidwarden about the host, or itself. */
export const host = (metric: string, course: Course | number, labels: Labels = {}): Series =>
  series(`pidwarden_${metric}`, course, { ...target, ...labels })

/** A series of another job. */
export const scraped = (job: string, metric: string, course: Course | number, labels: Labels = {}): Series =>
  series(metric, course, { job, instance: `${job}:9090`, ...labels })

/** Who the container is. */
export const info = (labels: Labels = {}): Series =>
  container('container_info', 1, { id, image: 'metamcp:1', mode: 'enforce', preset: 'protocol', ...labels })

/** Where a tier of the container begins. */
export const threshold = (resource: string, tier: string, at: Course | number, labels: Labels = {}): Series =>
  container('container_threshold', at, { resource, tier, playbook: 'cleanup', ...labels })

/** `after` from `begin` on, `before` until then. */
export const from =
  (begin: number, after: Sample, before: Sample = 0): Course =>
  (at) =>
    at < begin ? before : after

/** Goes up by so much every second. */
export const climbing =
  (perSecond: number, start = 0): Course =>
  (at) =>
    start + perSecond * at

/** Goes up by one every so many seconds. */
export const stairs =
  (seconds: number, start = 0): Course =>
  (at) =>
    start + Math.floor(at / seconds)

/** A counter that climbs and is back at 0 at `restart`, as after a restart of what counts. */
export const restarted =
  (perSecond: number, restart: number): Course =>
  (at) =>
    perSecond * (at < restart ? at : at - restart)

/** The same series, gone for good at `when`: their target was scraped, and they were not there. */
export const gone = (all: readonly Series[], when: number): Series[] =>
  all.map((one) => ({
    ...one,
    course: (at) => (at < when ? one.course(at) : at === when ? 'stale' : '_'),
  }))

/** The same series, without the scrapes at `times`. */
export const missing = (all: readonly Series[], ...times: number[]): Series[] =>
  all.map((one) => ({ ...one, course: (at) => (times.includes(at) ? '_' : one.course(at)) }))

/** The same series, when the scrape at `when` fails: Prometheus then takes them for gone until the next one. */
export const interrupted = (all: readonly Series[], when: number): Series[] =>
  all.map((one) => ({ ...one, course: (at) => (at === when ? 'stale' : one.course(at)) }))

/** The same series with other labels. */
export const relabelled = (all: readonly Series[], labels: Labels): Series[] =>
  all.map((one) => ({ ...one, labels: { ...one.labels, ...labels } }))

/** `{job="pidwarden", …}`, as PromQL has it. */
export const written = (labels: Labels): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`
