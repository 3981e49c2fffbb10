import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { until } from './until.ts'

/** A real process that a test started; it is ended with the test, whatever happens. */
export interface Child {
  readonly pid: number
  readonly process: ChildProcess
  /** Ends it and returns when the kernel has forgotten it. */
  end(): Promise<void>
}

/** How to start a process; `ready` waits for its first line of output. */
export interface ChildOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  readonly argv0?: string
  readonly uid?: number
  readonly ready?: boolean
  /** Whether it gets a pipe to read from; else there is nothing to read. */
  readonly stdin?: boolean
}

/** Starts a process. Its environment is `env` alone: a test runner's own variables would get in the way. */
export async function startChild(
  t: Pick<Test, 'teardown'>,
  command: string,
  args: readonly string[],
  { ready = false, stdin = false, env = {}, ...options }: ChildOptions = {},
): Promise<Child> {
  const child = spawn(command, args, {
    ...options,
    env: { PATH: process.env.PATH, ...env },
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  if (ready && child.stdout) await Promise.race([once(child.stdout, 'data'), exited])
  if (child.pid === undefined || child.exitCode !== null) throw new Error(`${command} did not stay`)
  return {
    pid: child.pid,
    process: child,
    async end() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Starts a node that runs `script` and says something when it is ready. */
export const startNode = (
  t: Pick<Test, 'teardown'>,
  script: string,
  options: ChildOptions = {},
): Promise<Child> => startChild(t, process.execPath, ['-e', script], { ready: true, ...options })

/**
 * A zombie whose parent never waits for it: the shell that starts it becomes a sleep. Only then is it ended, as a shell
 * waits for its children after each of its own commands.
 */
export async function startZombie(t: Pick<Test, 'teardown'>): Promise<{ pid: number; parent: number }> {
  const parent = await startChild(t, 'sh', ['-c', 'sleep 100001 & echo $!; exec sleep 100000'])
  let line = ''
  parent.process.stdout?.on('data', (chunk) => {
    line += String(chunk)
  })
  const pid = Number(await until('the shell names its child', () => /\d+(?=\n)/.exec(line)?.[0], 10_000))
  const isSleep = (one: number) => readFileSync(`/proc/${one}/comm`, 'utf8') === 'sleep\n'
  await until('both are sleeps', () => isSleep(pid) && isSleep(parent.pid), 10_000)
  process.kill(pid, 'SIGKILL')
  await until('the child is a zombie', () => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')), 10_000)
  return { pid, parent: parent.pid }
}
