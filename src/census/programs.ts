import { asName, asPackage, baseName, scriptName } from './words.ts'

/** What a program was asked to run. */
export interface Operand {
  /** The program, by the name that people use. */
  readonly program: string
  /** Script, module or package, fit for a label; undefined when none could be told for certain. */
  readonly name?: string
  /** The script as it was given, to tell two scripts of the same name apart. Never leaves the census. */
  readonly path?: string
  /** True when the program only starts the operand and waits for it. */
  readonly launches: boolean
}

/** One family of programs that run another: launchers, shells, wrappers, interpreters. */
export interface ProgramFamily {
  /** Undefined when the program is none of this family. */
  match(program: string, words: readonly string[]): Operand | undefined
}

/**
 * The first operand behind options of a closed list. An option that is not on the list may take the next word as
 * its value, so what follows it is not known to be an operand, and none is taken: it might be a password.
 */
function operandAfter(words: readonly string[], plain: RegExp, withValue?: RegExp): string | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (word === undefined || word === '--') return words[at + 1]
    if (!word.startsWith('-')) return word
    if (withValue?.test(word)) at++
    else if (!plain.test(word)) return undefined
  }
  return undefined
}

function packageOperand(program: string, word: string | undefined): Operand {
  const name = asPackage(word)
  return { program, launches: true, ...(name === undefined ? {} : { name, path: name }) }
}

const npmPlain = /^(-y|--yes|--no|--quiet|-q|--silent|-s|--offline|--prefer-offline|--prefer-online)$/
const npmExec: ProgramFamily = {
  match(program, words) {
    if (program === 'npx') return packageOperand('npx', operandAfter(words.slice(1), npmPlain))
    if (program === 'bunx') return packageOperand('bunx', operandAfter(words.slice(1), npmPlain))
    const verb = words[1]
    if (program === 'npm' && (verb === 'exec' || verb === 'x')) {
      return packageOperand('npx', operandAfter(words.slice(2), npmPlain))
    }
    if ((program === 'pnpm' || program === 'yarn') && (verb === 'dlx' || verb === 'exec')) {
      return packageOperand(`${program} ${verb}`, operandAfter(words.slice(2), npmPlain))
    }
    return undefined
  },
}

const uvPlain = /^(-q|--quiet|--offline|--isolated|--no-cache|--no-progress)$/
const uvx: ProgramFamily = {
  match(program, words) {
    if (program === 'uvx') return packageOperand('uvx', operandAfter(words.slice(1), uvPlain))
    if (program !== 'uv') return undefined
    if (words[1] === 'tool' && (words[2] === 'uvx' || words[2] === 'run')) {
      return packageOperand('uvx', operandAfter(words.slice(3), uvPlain))
    }
    if (words[1] !== 'run') return undefined
    const word = operandAfter(words.slice(2), uvPlain)
    const name = word === undefined ? undefined : asName(baseName(word))
    return { program: 'uv run', launches: true, ...(name === undefined ? {} : { name }) }
  },
}

/** Options that take no value; the command line behind -c is an operand, as sh(1) has it. */
const shellOption = /^(-[a-zA-Z]+|--(login|norc|noprofile|posix))$/
const shells = new Set(['sh', 'bash', 'dash', 'ash', 'zsh'])
/** `sh -c 'program …'` starts a program; `sh script` is a program itself. Other applets of busybox are not told apart. */
const shell: ProgramFamily = {
  match(program, words) {
    const applet = program === 'busybox' ? (words[1] ?? '') : program
    if (!shells.has(applet)) return undefined
    const rest = words.slice(program === 'busybox' ? 2 : 1)
    const options = rest.slice(0, rest.findIndex((word) => !shellOption.test(word)) >>> 0)
    if (options.some((option) => /^-[a-z]*c$/.test(option))) return { program: 'sh -c', launches: true }
    const script = operandAfter(rest, shellOption)
    const name = script === undefined ? undefined : asName(baseName(script))
    return {
      program: applet,
      launches: false,
      ...(script === undefined ? {} : { path: script }),
      ...(name === undefined ? {} : { name }),
    }
  },
}

const wrapperNames = new Set([
  'env',
  'timeout',
  'nice',
  'ionice',
  'nohup',
  'setsid',
  'stdbuf',
  'tini',
  'dumb-init',
  'docker-init',
  'catatonit',
  'su-exec',
  'gosu',
  'setpriv',
])
const wrapper: ProgramFamily = {
  match: (program) => (wrapperNames.has(program) ? { program, launches: true } : undefined),
}

interface Interpreter {
  readonly plain: RegExp
  readonly withValue: RegExp
}

const interpreters: Record<string, Interpreter> = {
  node: {
    // An option with its value behind "=" is one word; of the others only those that take no value are listed.
    plain:
      /^--?[a-z0-9_-]+=|^--(enable-source-maps|no-warnings|no-deprecation|inspect|inspect-brk|expose-gc|optimize-for-size|jitless|watch|use-system-ca|use-openssl-ca|preserve-symlinks(-main)?|trace-(warnings|deprecation|uncaught|exit)|experimental-(strip-types|transform-types|vm-modules|require-module|sqlite|websocket|fetch))$/,
    withValue:
      /^(-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|--env-file-if-exists|--experimental-default-type|--trace-event-categories)$/,
  },
  python: { plain: /^-[bBdEhiIOqsSuvVx]+$/, withValue: /^-[WX]$/ },
}

/** node script.js, python script.py, python -m module. A program behind -e, -c or -p is an argument, not a name. */
const interpreter: ProgramFamily = {
  match(program, words) {
    const family = /^(python|pypy)[0-9.]*$/.test(program) ? 'python' : program === 'nodejs' ? 'node' : program
    const known = interpreters[family]
    if (known === undefined) return undefined
    if (family === 'python') {
      const at = words.indexOf('-m')
      const before = words.slice(1, Math.max(at, 1))
      if (at > 0 && before.every((word) => known.plain.test(word))) {
        const module = asName(words[at + 1])
        return {
          program: family,
          launches: false,
          ...(module === undefined ? {} : { name: module, path: module }),
        }
      }
    }
    const script = operandAfter(words.slice(1), known.plain, known.withValue)
    const name = script === undefined ? undefined : scriptName(script)
    return {
      program: family,
      launches: false,
      ...(script === undefined ? {} : { path: script }),
      ...(name === undefined ? {} : { name }),
    }
  },
}

/** npm, pnpm and yarn are themselves scripts: until they rename their process it reads `node …/bin/pnpm dlx X`. */
const scriptedLauncher = /^(npx|npm|pnpm|pnpx|yarn|bunx)(-cli)?(\.c?js)?$/
const nodeLauncher: ProgramFamily = {
  match(program, words) {
    if (program !== 'node' && program !== 'nodejs') return undefined
    const name = scriptedLauncher.exec(baseName(words[1] ?? ''))?.[1]
    return name === undefined ? undefined : npmExec.match(name, words.slice(1))
  },
}

/** In the order in which they are asked. */
export const families: readonly ProgramFamily[] = [npmExec, nodeLauncher, uvx, shell, wrapper, interpreter]
