import { asName, asPackage } from '../words.ts'
import { type Operand, type Options, operandAt, type ProgramFamily } from './operand.ts'

/** Runs the package, or a program out of it, that stands behind the options. */
export function packageAt(program: string, words: readonly string[], at: number): Operand {
  const name = asPackage(words[at])
  return { program, launches: true, name, path: name }
}

const exec: Options = {
  plain:
    /^(-y|--yes|-n|--no|--no-install|-q|--quiet|-s|--silent|-d|--offline|--prefer-offline|--prefer-online|--ignore-scripts|--no-audit|--no-fund|--no-update-notifier)$/,
  value:
    /^(-p|--package|-w|--workspace|-C|--prefix|--cache|--registry|--loglevel|--node-options|--userconfig)$/,
}
const npmGlobal: Options = {
  plain:
    /^(-s|-q|-d|--silent|--quiet|--if-present|--offline|--prefer-offline|--no-update-notifier|--ignore-scripts|--workspaces|--color|--no-color|--foreground-scripts)$/,
  value: /^(-C|-w|--prefix|--workspace|--registry|--loglevel|--cache|--userconfig|--script-shell)$/,
}
const global: Options = {
  plain:
    /^(-s|-r|-w|--silent|--recursive|--parallel|--stream|--workspace-root|--if-present|--offline|--prefer-offline|--ignore-scripts|--color|--no-color|--no-bail|--verbose)$/,
  value: /^(-C|-F|--dir|--cwd|--filter|--registry|--loglevel|--reporter|--workspace-concurrency)$/,
}

/** Verbs of npm that run something of package.json under their own name. */
const lifecycle = new Set(['start', 'test', 'stop', 'restart'])
const runs = new Set(['run', 'run-script', 'rum', 'urn'])

/** Runs a script of package.json; `build:all` is a name there. */
export function packageScriptAt(program: string, words: readonly string[], at: number): Operand {
  const name = at < 0 ? undefined : asName(words[at]?.replaceAll(':', '-')) && words[at]
  return { program, launches: true, name }
}

function npm(words: readonly string[]): Operand | undefined {
  const at = operandAt(words, 1, npmGlobal)
  const verb = words[at] ?? ''
  if (verb === 'exec' || verb === 'x') return packageAt('npx', words, operandAt(words, at + 1, exec))
  if (runs.has(verb)) return packageScriptAt('npm run', words, operandAt(words, at + 1, npmGlobal))
  return lifecycle.has(verb) ? { program: `npm ${verb}`, launches: true } : undefined
}

/** Verbs of pnpm and yarn that are none of package.json's scripts; any other word is one, or a program of a package. */
const ownVerbs =
  /^(add|audit|bin|cache|ci|config|constraints|create|dedupe|deploy|env|fetch|global|help|i|import|info|init|install|link|list|login|ls|node|npm|outdated|pack|patch|plugin|prune|publish|rebuild|remove|rm|root|search|self-update|server|set|setup|store|unlink|up|update|upgrade|version|versions|why|workspaces)$/

function pnpm(program: 'pnpm' | 'yarn', words: readonly string[]): Operand | undefined {
  let at = operandAt(words, 1, global)
  if (program === 'yarn' && words[at] === 'workspace') at = operandAt(words, at + 2, global)
  const verb = words[at]
  if (verb === undefined || ownVerbs.test(verb)) return undefined
  if (verb === 'dlx' || verb === 'exec')
    return packageAt(`${program} ${verb}`, words, operandAt(words, at + 1, exec))
  return packageScriptAt(program, words, runs.has(verb) ? operandAt(words, at + 1, global) : at)
}

/** npm, npx, pnpm, pnpx, yarn. They wait for what they have started, and most of them pass on no signal. */
export const packageManagers: ProgramFamily = {
  match(program, words) {
    if (program === 'npx') return packageAt('npx', words, operandAt(words, 1, exec))
    if (program === 'pnpx') return packageAt('pnpm dlx', words, operandAt(words, 1, exec))
    if (program === 'npm') return npm(words)
    return program === 'pnpm' || program === 'yarn' ? pnpm(program, words) : undefined
  },
}

/** The scripts that these programs are: until they rename their process it reads `node …/bin/pnpm dlx X`. */
const launcherScript = /^(npx|npm|pnpm|pnpx|yarn|yarnpkg)(-cli)?(-[0-9.]{1,20})?(\.[cm]?js)?$/

/** A launcher that node itself runs; `file` is the name of the script, `words` begin with it. */
export function launcherInNode(file: string, words: readonly string[]): Operand | undefined {
  if (/^corepack(\.c?js)?$/.test(file)) return launcherInNode(words[1] ?? '', words.slice(1))
  const name = launcherScript.exec(file)?.[1]?.replace('yarnpkg', 'yarn')
  if (name === undefined) return undefined
  return packageManagers.match(name, words) ?? { program: name, launches: false }
}
