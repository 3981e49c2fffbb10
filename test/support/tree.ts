import { commandOf } from '../../src/census/command.ts'
import { findInstances } from '../../src/census/instances.ts'
import { findLeaks, type StandingInstance } from '../../src/census/leaks.ts'
import { buildTree, type Process, type ProcessTree } from '../../src/census/process.ts'

/** One process of a drawn tree: pid, parent, command line, age in seconds (600 unless told). */
export type Drawn = readonly [pid: number, ppid: number, commandLine: string, ageSeconds?: number]

/** Seconds since boot at which the ages of drawn processes are told. */
export const drawnUptime = 10_000

/** A process as the census would read it. Quotes are not known: words are parted by blanks. */
export function draw([pid, ppid, commandLine, ageSeconds = 600]: Drawn): Process {
  // `npm exec x` is one word, as process.title leaves it.
  const argv = commandLine.startsWith('npm exec') ? [commandLine] : commandLine.split(' ')
  return {
    pid,
    ppid,
    argv,
    comm: (argv[0] ?? '').slice(0, 15),
    state: 'S',
    pgrp: pid,
    session: pid,
    tty: 0,
    cpuTicks: 0,
    threads: 1,
    startTicks: (drawnUptime - ageSeconds) * 100,
    rssPages: 0,
  }
}

/**
 * The tree and the instances of a container. Identity is the command line; processes whose command line holds a `?`
 * could not be read. `reparented` are those that were seen below another parent before, `quiet` those that have not
 * run for long.
 */
export function drawTree(
  drawn: readonly Drawn[],
  {
    init = 1,
    copies = 1,
    keep = 'oldest',
    reparented = [],
    quiet = [],
  }: {
    init?: number
    copies?: number
    keep?: 'oldest' | 'newest'
    reparented?: readonly number[]
    quiet?: readonly number[]
  } = {},
): { tree: ProcessTree; instances: readonly StandingInstance[] } {
  const processes = drawn.map(draw)
  const tree = buildTree(
    processes.map((one) => (quiet.includes(one.pid) ? { ...one, quietSince: drawnUptime - 60 } : one)),
    init,
  )
  const found = findInstances(tree, {
    command: commandOf,
    reparented: ({ pid }) => reparented.includes(pid),
    identity: ({ argv }) => {
      const digest = argv.join(' ')
      return digest.includes('?')
        ? { kind: 'uncertain', reason: 'environ: denied' }
        : { kind: 'known', digest }
    },
  })
  return { tree, instances: findLeaks(found, tree, { copies: () => copies, keep: () => keep }) }
}
