/**
 * What runs in a container that is full of secrets: `node secret-keeper.ts init`. Below it hang a gateway, which has
 * started every command line twice, and another one, which has started each once and leaves them behind as soon as
 * init gets SIGUSR2. Reads keeper.json beside it, and needs nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { idleProgram } from './idle-program.ts'

/** What it is told. */
export interface KeeperTask {
  readonly lines: readonly (readonly string[])[]
  /** The names that the kernel has for the processes, in the same order; a file must be able to have them. */
  readonly names: readonly string[]
  /** Name of the working directory. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

const here = fileURLToPath(new URL('.', import.meta.url))

function readTask(): KeeperTask {
  return JSON.parse(readFileSync(join(here, 'keeper.json'), 'utf8'))
}

/** One process for every command line: the idle program under that name, with these arguments. */
function startAll(copy: string, nameOf: (index: number, task: KeeperTask) => string): void {
  const task = readTask()
  for (const [index, [argv0 = '', ...args]] of task.lines.entries()) {
    const folder = join(here, 'programs', copy, String(index))
    const file = join(folder, nameOf(index, task))
    mkdirSync(folder, { recursive: true })
    symlinkSync(join(here, 'idle'), file)
    const { env } = task
    spawn(file, args, { argv0, env, cwd: join(here, task.folder), stdio: 'ignore' }).on('error', fail)
  }
  // Nothing else keeps it alive once its children stand on their own.
  setInterval(() => {}, 1 << 30)
}

function startKeeper(role: string): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(import.meta.url), role], { stdio: 'inherit' }).on(
    'error',
    fail,
  )
}

function fail(error: unknown): void {
  console.error(error)
  process.exit(1)
}

switch (process.argv[2]) {
  case 'init': {
    writeFileSync(join(here, 'idle'), idleProgram(), { mode: 0o755 })
    mkdirSync(join(here, readTask().folder))
    startKeeper('gateway')
    const leaver = startKeeper('leaver')
    process.on('SIGUSR2', () => leaver.kill('SIGKILL'))
    process.on('SIGTERM', () => process.exit())
    break
  }
  case 'gateway':
    startAll('kept', (index, { names }) => names[index] ?? 'MainThread')
    startAll('spare', () => 'MainThread')
    break
  case 'leaver':
    startAll('left', (index, { names }) => names[index] ?? 'MainThread')
    break
}
