import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { reason } from './error.ts'

/** How a program is run. */
export interface RunOptions {
  /** Milliseconds until it is killed. */
  deadline: number
  /** Added to this process's environment. */
  env?: Record<string, string>
  cwd?: string
  /** Fed to its standard input. */
  input?: Readable
  /** What to do when it fails, for the error text. */
  advice?: string
}

/** What a program left behind. `code` is null when it was killed at its deadline or could not be started. */
export interface RunResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a program and returns its result whatever it is. Never throws for a failing or missing program. */
export async function attempt(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    timeout: options.deadline,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const closed = new Promise<number | null>((done) => {
    child.once('error', (error) => {
      stderr += reason(error)
      done(null)
    })
    child.once('close', (code) => done(code))
  })
  // A reader that ends early (EPIPE) says why on its standard error; that is the better message.
  if (options.input && child.stdin) await pipeline(options.input, child.stdin).catch(() => undefined)
  return { code: await closed, stdout, stderr }
}

/** Runs a program that has to succeed and returns its standard output. */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const result = await attempt(program, args, options)
  if (result.code === 0) return result.stdout
  const how =
    result.code === null ? `did not finish within ${options.deadline / 1000} s` : `ended with ${result.code}`
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-8).join('\n')
  const advice = options.advice ? `\n${options.advice}` : ''
  throw new Error(`${program} ${args.join(' ')} ${how}: ${said || 'it said nothing'}${advice}`)
}
