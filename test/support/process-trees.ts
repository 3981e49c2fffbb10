import { createSecretKey } from 'node:crypto'
import { type Command, commandOf } from '../../src/census/command.ts'
import { type Identity, identityOf } from '../../src/census/identity.ts'
import { findInstances, type Instance } from '../../src/census/instances.ts'
import { findLeaks, type StandingInstance } from '../../src/census/leaks.ts'
import { buildTree, type Process, type ProcessTree } from '../../src/census/process.ts'
import type { Reading } from '../../src/host/reading.ts'

/** A process in a few words; what is left out is the same for all. */
export interface Sketch {
  readonly pid: number
  readonly ppid: number
  readonly argv: readonly string[]
  readonly comm?: string
  /** Clock ticks; the pid when left out, so that a higher pid is younger. */
  readonly start?: number
  readonly cwd?: string
  readonly uid?: number
  readonly env?: readonly string[]
  /** It was seen below another parent before. */
  readonly reparented?: boolean
  /** The part of the identity that cannot be read. */
  readonly unreadable?: 'cwd' | 'uid' | 'environ'
}

/** One line of a compact table: `pid ppid start? | argv…`, words of argv split at single spaces. */
export function sketches(table: string): Sketch[] {
  return table
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [numbers = '', command = ''] = line.split('|')
      const [pid = 0, ppid = 0, start = pid] = numbers.trim().split(/\s+/).map(Number)
      return { pid, ppid, start, argv: words(command.trim()) }
    })
}

/** What stands in "quotes" is one word: titles and shell lines have spaces in them. */
function words(text: string): string[] {
  return (text.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''))
}

/** The process that a sketch stands for. */
export function processOf({ pid, ppid, argv, comm, start = pid }: Sketch): Process {
  const program = (argv[0] ?? '').split('/').at(-1) ?? ''
  return {
    pid,
    comm: comm ?? program.slice(0, 15),
    state: 'S',
    ppid,
    pgrp: pid,
    session: pid,
    tty: 0,
    cpuTicks: 0,
    threads: 1,
    startTicks: start,
    rssPages: 100,
    argv,
  }
}

const key = createSecretKey(Buffer.alloc(32, 7))
const value = <T>(given: T): Reading<T> => ({ kind: 'value', value: given })

function identity({ argv, cwd = '/app', uid = 0, env = ['PATH=/usr/bin'], unreadable }: Sketch): Identity {
  const parts = { argv: value(argv), cwd: value(cwd), uid: value(uid), environ: value(env) }
  return identityOf(unreadable ? { ...parts, [unreadable]: { kind: 'denied', detail: '' } } : parts, key)
}

/** A container made of sketches, looked at with the real command and identity. */
export interface Look {
  readonly tree: ProcessTree
  readonly instances: readonly StandingInstance[]
  /** `command standing pids…` of each instance, in the order in which they were found. */
  readonly lines: readonly string[]
}

/** Everything pure that the census does, from sketches to standings. */
export function look(
  container: readonly Sketch[],
  init = 1,
  copies: number | ((command: string) => number) = 1,
  keep: 'oldest' | 'newest' = 'oldest',
): Look {
  const { tree, instances: found } = instancesOf(container, init)
  const instances = findLeaks(found, tree, {
    copies: typeof copies === 'number' ? () => copies : copies,
    keep: () => keep,
  })
  return { tree, instances, lines: instances.map((one) => `${describe(one)} = ${one.standing}`) }
}

/** The instances of sketches, without their standing. */
export function instancesOf(
  container: readonly Sketch[],
  init = 1,
): { tree: ProcessTree; instances: readonly Instance[] } {
  const byPid = new Map(container.map((sketch) => [sketch.pid, sketch]))
  const tree = buildTree(container.map(processOf), init)
  const sketchOf = ({ pid }: Process): Sketch => byPid.get(pid) ?? { pid, ppid: 0, argv: [] }
  const instances = findInstances(tree, {
    command: (process): Command => commandOf(process),
    identity: (leaf) => identity(sketchOf(leaf)),
    reparented: (process) => sketchOf(process).reparented === true,
  })
  return { tree, instances }
}

/** `command: pids` */
export function describe({ command, members }: Instance): string {
  return `${command}: ${members.map(({ pid }) => pid).join(' ')}`
}
