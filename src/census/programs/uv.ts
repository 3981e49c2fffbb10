import { asName } from '../words.ts'
import { type Operand, type Options, operandAt, type ProgramFamily, scriptAt } from './operand.ts'
import { packageAt } from './packages.ts'

const uv: Options = {
  plain:
    /^(-q|--quiet|-v|--verbose|-n|--no-(cache|config|dev|default-groups|editable|env-file|index|managed-python|progress|project|python-downloads|sync|sources|build|binary|build-isolation)|--offline|--isolated|--native-tls|--managed-python|--refresh|-U|--upgrade|--frozen|--locked|--active|--exact|--all-extras|--all-groups|--all-packages|--dev|--only-dev|-s|--script|--gui-script)$/,
  value:
    /^(--from|--with|-w|--with-editable|--with-requirements|-p|--python|--directory|--project|--env-file|--extra|--group|--only-group|--package|--index|--default-index|-i|--index-url|--extra-index-url|-f|--find-links|--index-strategy|--keyring-provider|--allow-insecure-host|--cache-dir|--config-file|--prerelease|--resolution|--link-mode|--exclude-newer|--color|--refresh-package|--upgrade-package|-P|-c|--constraints|--overrides)$/,
}

function uvRun(words: readonly string[], from: number): Operand {
  const module = words.findIndex((word, at) => at >= from && (word === '-m' || word === '--module'))
  // Everything before -m has to be known, else -m may be the value of something, or belong to what is run.
  if (module > 0 && operandAt([...words.slice(0, module), 'module'], from, uv) === module) {
    return { program: 'uv run', launches: true, name: asName(words[module + 1]) }
  }
  return scriptAt('uv run', words, operandAt(words, from, uv), true)
}

function uvOperand(words: readonly string[]): Operand | undefined {
  const at = operandAt(words, 1, uv)
  if (words[at] === 'run') return uvRun(words, at + 1)
  if (words[at] !== 'tool') return undefined
  const verb = operandAt(words, at + 1, uv)
  if (words[verb] !== 'uvx' && words[verb] !== 'run') return undefined
  return packageAt('uvx', words, operandAt(words, verb + 1, uv))
}

const pipx: Options = {
  plain: /^(-q|--quiet|-v|--verbose|--no-cache|--pypackages|--fetch-missing-python|--system-site-packages)$/,
  value: /^(--spec|--python|-i|--index-url|--pip-args|--with|--suffix)$/,
}

/** uv, uvx and pipx, which make an environment and run a program in it. */
export const uvFamily: ProgramFamily = {
  match(program, words) {
    if (program === 'uvx') return packageAt('uvx', words, operandAt(words, 1, uv))
    if (program === 'uv') return uvOperand(words)
    if (program !== 'pipx' || words[1] !== 'run') return undefined
    return packageAt('pipx run', words, operandAt(words, 2, pipx))
  },
}
