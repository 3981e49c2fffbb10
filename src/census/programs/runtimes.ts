import { asPackage, baseName } from '../words.ts'
import { type Operand, type Options, operandAt, type ProgramFamily, scriptAt } from './operand.ts'
import { packageAt, packageScriptAt } from './packages.ts'

const bun: Options = {
  plain:
    /^(-b|--bun|--watch|--hot|--smol|--silent|--no-install|--inspect|--no-clear-screen|--if-present|-y)$/,
  value: /^(--cwd|-r|--preload|--env-file|--filter|-F|-p|--package)$/,
}
const bunVerbs =
  /^(test|install|i|ci|add|a|remove|rm|update|outdated|audit|link|unlink|publish|patch|pm|info|why|build|init|create|c|upgrade|feedback|repl|exec|discord|help)$/

function bunOperand(words: readonly string[]): Operand | undefined {
  let at = operandAt(words, 1, bun)
  if (words[at] === 'x') return packageAt('bunx', words, operandAt(words, at + 1, bun))
  if (words[at] === 'run') at = operandAt(words, at + 1, bun)
  else if (bunVerbs.test(words[at] ?? '')) return undefined
  // A word that is no file is a script of package.json, and bun waits for what that starts.
  const file = /[./]/.test(words[at] ?? '.')
  return file ? scriptAt('bun', words, at) : packageScriptAt('bun run', words, at)
}

const deno: Options = {
  plain:
    /^(-A|--allow-[a-z-]+|--deny-[a-z-]+|-[RWNESI]|--no-(prompt|check|remote|npm|lock|config|code-cache|clear-screen)|--unstable(-[a-z-]+)?|-q|--quiet|--cached-only|--watch|--check|--node-modules-dir|--inspect|--inspect-brk|-r|--reload|--frozen|--parallel)$/,
  value: /^(-c|--config|--import-map|--lock|--cert|--location|--port|--host|--cwd|-f|--filter)$/,
}

function denoOperand(words: readonly string[]): Operand | undefined {
  const verbAt = operandAt(words, 1, deno)
  const verb = words[verbAt] ?? ''
  if (verb === 'task') return packageScriptAt('deno task', words, operandAt(words, verbAt + 1, deno))
  const runs = verb === 'run' || verb === 'serve'
  if (!runs && !/[./:]/.test(verb)) return undefined
  const at = runs ? operandAt(words, verbAt + 1, deno) : verbAt
  const module = words[at]
  const spec = /^(npm|jsr):\/?(.+)$/.exec(module?.slice(0, 400) ?? '')?.[2]
  if (spec !== undefined) return { program: 'deno', launches: false, path: module, name: asPackage(spec) }
  // A module of a server is called by its file, when the address holds neither login nor query.
  const remote = /^https?:\/\/[\w.:-]+\/[\w./@+~-]*$/.test(module?.slice(0, 4096) ?? '')
  const file = scriptAt('deno', words, at)
  return remote ? { ...file, name: scriptAt('deno', [baseName(module ?? '')], 0).name } : file
}

/** bun and deno: run scripts themselves, and packages and tasks as a launcher does. */
export const runtimes: ProgramFamily = {
  match(program, words) {
    if (program === 'bunx') return packageAt('bunx', words, operandAt(words, 1, bun))
    if (program === 'bun') return bunOperand(words)
    return program === 'deno' ? denoOperand(words) : undefined
  },
}
