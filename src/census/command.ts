import type { Process } from './process.ts'
import { families } from './programs.ts'
import { asName, baseName } from './words.ts'

/**
 * What a process runs, told from its argv.
 *
 * `label` is what a person calls it, and it can hold no secret by construction: it is put together from words that
 * passed a closed pattern at a place where only a program, a script or a package can stand. Everything else of the
 * command line is dropped, never masked.
 */
export interface Command {
  /** Program plus script, module or package: `node mcp-server-memory`, `postgres`. */
  readonly label: string
  /** True when this process only starts another and waits for it (npm exec, sh -c, uv tool uvx, tini …). */
  readonly launcher: boolean
  /** Equal for a program and its own workers: the program and the script with its whole path, not only its name. */
  readonly program: string
}

/** Tells the command of a process. */
export function commandOf({ argv, comm }: Pick<Process, 'argv' | 'comm'>): Command {
  const words = titleWords(argv)
  const program = programName(words[0], comm)
  for (const family of families) {
    const operand = family.match(program, words)
    if (operand === undefined) continue
    const label = operand.name === undefined ? operand.program : `${operand.program} ${operand.name}`
    return {
      label,
      launcher: operand.launches,
      program: `${operand.program}\0${operand.path ?? words.join('\0')}`,
    }
  }
  return { label: program, launcher: false, program }
}

/**
 * A process that renames itself (process.title of Node, setproctitle) leaves one string with spaces in argv[0]:
 * `npm exec @modelcontextprotocol/server-memory`, `nginx: worker process`.
 */
function titleWords(argv: readonly string[]): readonly string[] {
  const [only, ...rest] = argv
  if (only === undefined || rest.length > 0 || !only.includes(' ')) return argv
  return only.split(' ').filter((word) => word !== '')
}

function programName(first: string | undefined, comm: string): string {
  // A login shell's argv[0] starts with a dash; a title often ends its first word with a colon.
  const word = baseName(first ?? comm)
    .replace(/^-/, '')
    .replace(/:$/, '')
  return asName(word) ?? asName(comm.split(/[\s:/]/)[0]) ?? 'unknown'
}
