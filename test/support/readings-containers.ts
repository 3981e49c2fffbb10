import { randomBytes } from 'node:crypto'
import type { Lab } from '../../lab/index.ts'
import { docker } from './leaky-container.ts'
import { isStill, readContainers, scraped } from './readings.ts'
import type { Readings } from './readings-cgroup.ts'
import type { Make } from './readings-makes.ts'
import { until } from './until.ts'

/** What was read of one container, and what one scrape in between told. */
export interface Measured {
  readonly name: string
  readonly before: Readings
  readonly told: Readings
  readonly after: Readings
  /** When it was told, in milliseconds. */
  readonly at: number
}

/** The containers of one run. They are called by the last part of their names. */
export interface Containers {
  /** What all of their names begin with. */
  readonly prefix: string
  nameOf(name: string): string
  /** Starts a container of this make; one that is to be paused is paused. */
  start(name: string, make: Make): Promise<void>
  read(name: string): Promise<Readings>
  /** One scrape between two independent readings, during which no process came or went. */
  measure(metrics: () => Promise<string>, wanted: readonly string[]): Promise<Measured[]>
  removeAll(): Promise<void>
}

const none: Readings = new Map()

/** `docker ps` finds all of them by a label, whatever becomes of them. */
export function containersOf(lab: Lab): Containers {
  const run = randomBytes(4).toString('hex')
  const prefix = `pidwarden-test-${run}-`
  const ours = `pidwarden-test-run=${run}`
  const nameOf = (name: string): string => prefix + name
  const read = async (name: string): Promise<Readings> =>
    (await readContainers(lab, [nameOf(name)])).get(nameOf(name)) ?? none

  return {
    prefix,
    nameOf,
    read,
    async start(name, { started, args, image, command, beforePause }) {
      const verb = started === false ? ['create'] : ['run', '--detach']
      await docker(lab, ...verb, '--name', nameOf(name), '--label', ours, ...args, image, ...command)
      if (beforePause === undefined) return
      await until(`${name} can be paused`, async () => beforePause(await read(name)), 20_000)
      await docker(lab, 'pause', nameOf(name))
    },
    measure(metrics, wanted) {
      const names = wanted.map(nameOf)
      return until(`nothing happens in ${wanted} during a scrape`, async () => {
        const before = await readContainers(lab, names)
        const told = scraped(await metrics(), names)
        const at = Date.now()
        const after = await readContainers(lab, names)
        const one = (name: string, of: ReadonlyMap<string, Readings>): Readings =>
          of.get(nameOf(name)) ?? none
        const all = wanted.map((name) => ({
          name,
          at,
          before: one(name, before),
          told: one(name, told),
          after: one(name, after),
        }))
        return all.every((each) => isStill(each.before, each.after)) && all
      })
    },
    async removeAll() {
      const ids = await docker(lab, 'ps', '--all', '--quiet', '--filter', `label=${ours}`)
      if (ids !== '') await docker(lab, 'rm', '--force', ...ids.split('\n'))
    },
  }
}
