import type { Limits } from '../../census/limits.ts'
import type { WantedLimits } from '../../census/presets.ts'
import type { ContainerRecord } from '../../host/docker.ts'
import { sizeText } from './words.ts'

/** What is missing in the definition of a container, because no engine changes it while it runs, or keeps it at the next `up`. */
export interface Missing {
  /** By the key of Compose: what each is for. */
  readonly keys: readonly string[]
  /** YAML for the service, each line as it stands below the name of it, without its indentation. */
  readonly lines: readonly string[]
}

/** Of the container and its policy: what decides which lines are missing. */
export interface Definition {
  readonly container: Pick<ContainerRecord, 'init' | 'ulimits' | 'logRotates'>
  readonly wanted: Pick<WantedLimits, 'nofile' | 'nproc'>
  /** Whether PID 1 adopts and reaps what loses its parent. */
  readonly reaps: boolean
  /** Limits that the definition does not have yet; -1 = none. */
  readonly limits: Limits
}

/**
 * The lines that are to be added to the service in the compose file (Compose specification, services). They stand for
 * themselves: where the file has limits below `deploy.resources`, those are to be changed instead, as Compose refuses two
 * that differ.
 */
export function missingLines({ container, wanted, reaps, limits }: Definition): Missing {
  const parts: readonly (readonly [key: string, lines: readonly string[]])[] = [
    ...(container.init || reaps ? [] : [['init', ['init: true']] as const]),
    ...limitLines(limits),
    ...ulimitLines(container, wanted),
    ...(container.logRotates === false ? [['logging', logging] as const] : []),
  ]
  return { keys: parts.map(([key]) => key), lines: parts.flatMap(([, lines]) => lines) }
}

/** The driver that rotates by itself would do as well, but some read the files of this one. */
const logging = ['logging:', '  driver: json-file', '  options:', '    max-size: 10m', "    max-file: '3'"]

function limitLines({ memory, memorySwap, memoryReservation, cpu, pids }: Limits) {
  const size = (bytes: number): string => (bytes < 0 ? '-1' : sizeText(bytes))
  const entries: readonly (readonly [string, string | undefined])[] = [
    ['mem_limit', memory && size(memory)],
    ['memswap_limit', memorySwap && size(memorySwap)],
    ['mem_reservation', memoryReservation && size(memoryReservation)],
    ['cpus', cpu && `${cpu}`],
    ['pids_limit', pids && `${pids}`],
  ].map(([key, value]) => [String(key), value === undefined ? undefined : String(value)])
  return entries.flatMap(([key, value]) => (value ? [[key, [`${key}: ${value}`]] as const] : []))
}

function ulimitLines({ ulimits = {} }: Definition['container'], { nofile, nproc }: Definition['wanted']) {
  const isWithin = (name: string, soft: number, hard: number): boolean => {
    const [own = Infinity, ownHard = Infinity] = ulimits[name] ?? []
    return known(own) <= soft && known(ownHard) <= hard
  }
  const lines = [
    ...(nofile && !isWithin('nofile', ...nofile)
      ? ['  nofile:', `    soft: ${nofile[0]}`, `    hard: ${nofile[1]}`]
      : []),
    ...(nproc !== undefined && !isWithin('nproc', nproc, nproc) ? [`  nproc: ${nproc}`] : []),
  ]
  return lines.length === 0 ? [] : [['ulimits', ['ulimits:', ...lines]] as const]
}

/** -1 stands for no limit. */
const known = (limit: number): number => (limit < 0 ? Infinity : limit)
