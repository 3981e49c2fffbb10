import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { findOnPath } from '../lab/system/files.ts'

/** Has the kernel end the program should we be killed and have no time to do it ourselves; becomes the program. */
const setpriv = findOnPath('setpriv', '')
const guard = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']

const running = new Set<ChildProcess>()

/** Starts a program that does not outlive the benchmark. */
export function start(command: readonly string[], options: SpawnOptions): ChildProcess {
  const [program = '', ...args] = [...guard, ...command]
  const child = spawn(program, args, options)
  running.add(child)
  child.once('exit', () => running.delete(child))
  child.once('error', () => running.delete(child))
  return child
}

/** Ends a program and waits until it is gone: TERM, then KILL after `grace` milliseconds. */
export async function end(child: ChildProcess, grace = 5000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), grace)
  await gone
  clearTimeout(timer)
}

/** Ends all that are left, at once. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((child) => end(child, 0)))
}
