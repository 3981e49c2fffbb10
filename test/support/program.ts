import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { emptyFolder } from './folder.ts'
import { until } from './until.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The token of the program in tests. */
export const token = 'a-token-for-tests-only'

/** A line of its log. */
export interface Line {
  readonly msg: string
  readonly error?: string
  readonly port?: number
}

/** How a part of it is, as /api/health says. */
export interface Part {
  readonly name: string
  readonly ok: boolean
  readonly detail?: string
}

/** What a test asks of its program. */
export interface ProgramOptions {
  /** The configuration file. */
  readonly yaml: string
  /** Socket of the engine; none answers when left out. */
  readonly dockerSocket?: string
  /** On top of its environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** A pidwarden as it is run: `node src/main.ts`, with a folder of its own for whatever it writes. */
export interface Program {
  /** Its working directory, with the configuration and the journal in it. */
  readonly folder: string
  readonly config: string
  readonly url: string
  /** Its log so far. */
  readonly lines: readonly Line[]
  /** Everything that it has written to stdout and stderr so far. */
  output(): string
  /** Puts another configuration in the place of the old one, whole at every moment. */
  configure(yaml: string): void
  /** The first line that says so, from line `from` on. */
  said(msg: RegExp, from?: number): Promise<Line>
  /** Sends SIGHUP, and returns what is said of the configuration. */
  reload(): Promise<Line>
  metrics(): Promise<string>
  health(): Promise<{ readonly parts: readonly Part[] }>
  /** Sends SIGTERM; the exit code, once all that it wrote has come. */
  stop(): Promise<number | null>
}

/** Starts it, and waits until it listens. It is ended with the test, whatever happens. */
export async function startProgram(
  t: Pick<Test, 'teardown'>,
  { yaml, dockerSocket, env = {} }: ProgramOptions,
): Promise<Program> {
  const folder = emptyFolder(t)
  const config = join(folder, 'pidwarden.yaml')
  writeFileSync(config, yaml)
  const child = spawn(process.execPath, [main], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      PIDWARDEN_CONFIG: config,
      PIDWARDEN_PORT: '0',
      PIDWARDEN_JOURNAL: join(folder, 'journal.db'),
      PIDWARDEN_TOKEN: token,
      DOCKER_HOST: `unix://${dockerSocket ?? join(folder, 'docker.sock')}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  const lines: Line[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))

  function said(msg: RegExp, from = 0): Promise<Line> {
    return until(`the log says ${msg}`, () => {
      const found = lines.slice(from).find((line) => msg.test(line.msg))
      if (found === undefined && child.exitCode !== null) throw new Error(`it has ended: ${output}`)
      return found
    })
  }

  const { port } = await said(/is listening/)
  const url = `http://127.0.0.1:${port}`
  return {
    folder,
    config,
    url,
    lines,
    output: () => output,
    configure(next) {
      writeFileSync(`${config}.next`, next)
      renameSync(`${config}.next`, config)
    },
    said,
    async reload() {
      const from = lines.length
      child.kill('SIGHUP')
      return said(/configuration/, from)
    },
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    async health() {
      return (await (await fetch(`${url}/api/health`)).json()) as { parts: Part[] }
    },
    async stop() {
      child.kill('SIGTERM')
      const [code] = await closed
      return code
    },
  }
}
