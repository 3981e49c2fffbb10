import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Healing } from './job/heal.ts'
import type { Limiting } from './job/limits.ts'

/** What one program said of one container: numbers and words by key. */
export type Facts = ReadonlyMap<string, string>

/** Readings by container, and who its processes are: pid and start time. */
export interface Readings {
  facts(container: string): Facts
  processes(container: string): string[]
}

/** One scrape between two readings by another program. */
export interface Round {
  readonly before: Readings
  readonly scrape: Scrape
  readonly after: Readings
}

/** The series of a scrape. */
export interface Scrape {
  readonly text: string
  /** The value of a series; labels besides the container's name follow the family after a space. */
  value(series: string, container: string): number | undefined
  /** The labels of container_info. */
  info(container: string): Record<string, string> | undefined
}

/** A container as `docker inspect` tells it, as far as it is compared. */
export interface Inspected {
  readonly Id: string
  readonly Name: string
  readonly State: {
    readonly Status: string
    readonly Pid: number
    readonly StartedAt: string
    readonly ExitCode: number
  }
  readonly Config: { readonly Image: string }
  readonly HostConfig: {
    readonly PidsLimit: number | null
    readonly Memory: number
    readonly NanoCpus: number
  }
}

/** All that a job wrote. */
export interface Results {
  readonly host: { readonly CgroupVersion: string; readonly CgroupDriver: string }
  readonly inspected: ReadonlyMap<string, Inspected>
  readonly rounds: readonly Round[]
  readonly healing: Healing
  readonly limiting: Limiting
}

/** Reads what a job wrote. */
export function readResults(out: string): Results {
  const read = (...path: string[]) => readFileSync(join(out, ...path), 'utf8')
  const inspected: Inspected[] = JSON.parse(read('inspect.json'))
  return {
    host: JSON.parse(read('host.json')),
    inspected: new Map(inspected.map((one) => [one.Name.slice(1), one])),
    rounds: readdirSync(join(out, 'rounds')).map((round) => ({
      before: parseReadings(read('rounds', round, 'before')),
      scrape: parseScrape(read('rounds', round, 'metrics')),
      after: parseReadings(read('rounds', round, 'after')),
    })),
    healing: JSON.parse(read('healing.json')),
    limiting: JSON.parse(read('limiting.json')),
  }
}

/** Parses the lines of readings.sh: container, key, value. */
export function parseReadings(text: string): Readings {
  const lines = text.split('\n').map((line) => line.split(' '))
  return {
    facts: (container) =>
      new Map(
        lines.flatMap(([name, key = '', ...value]) =>
          name === container && key !== 'process' ? [[key, value.join(' ')]] : [],
        ),
      ),
    processes: (container) =>
      lines
        .filter(([name, key]) => name === container && key === 'process')
        .map((line) => line.slice(2).join(' '))
        .sort(),
  }
}

/** Parses a scrape in the text format. */
export function parseScrape(text: string): Scrape {
  return {
    text,
    value(series, container) {
      const [family, more] = series.split(' ')
      const labels = `name="${container}"${more === undefined ? '' : `,${more}`}`
      const line = new RegExp(`^pidwarden_${family}\\{${labels}\\} (\\S+)$`, 'm').exec(text)
      return line ? Number(line[1]) : undefined
    },
    info(container) {
      const line = new RegExp(`^pidwarden_container_info\\{name="${container}",(.*)\\} 1$`, 'm').exec(text)
      return line
        ? Object.fromEntries([...(line[1] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map((match) => match.slice(1)))
        : undefined
    },
  }
}
