import { parseArgs } from 'node:util'

/** Where the processes of a farm stand. */
export type Ground = 'containers' | 'cgroups'

/** What was asked for on the command line. */
export interface Options {
  /** Names of benchmarks; all when empty. */
  readonly names: readonly string[]
  readonly quick: boolean
  /** A missed bar makes the exit code 1. */
  readonly strict: boolean
  /** Containers of the lab's engine, or cgroups made by hand with an engine that is played. */
  readonly ground: Ground
}

/** How to call it. */
export const usage = `npm run bench -- [names…] [--quick] [--strict] [--farm=containers|cgroups]

  --quick    fewer rounds, on cgroups unless --farm says otherwise
  --strict   exit with 1 when a bar is missed
  --farm     containers: real ones, on the lab's Docker engine (default)
             cgroups: made by hand, with a small fake of Docker's API; needs no Docker

A complete run writes docs/benchmarks.md; any other writes .cache/bench/benchmarks.md.`

/** Reads the arguments; throws an Error that says what is wrong. */
export function parseOptions(args: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      farm: { type: 'string' },
    },
  })
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(', ')}; there are ${known.join(', ')}`)
  const { quick, strict, farm = quick ? 'cgroups' : 'containers' } = values
  if (farm !== 'containers' && farm !== 'cgroups') {
    throw new Error(`--farm=${farm}: expected containers or cgroups`)
  }
  return { names: positionals, quick, strict, ground: farm }
}

/** Only what was measured as the report describes it may be published. */
export function isComplete({ names, quick }: Options): boolean {
  return names.length === 0 && !quick
}
