import { asName, baseName } from '../words.ts'
import { type Operand, type Options, operandAt, type ProgramFamily, scriptAt } from './operand.ts'
import { consoleVerb } from './scripting.ts'
import { uvFamily } from './uv.ts'

const python: Options = {
  plain: /^-([bBdEhiIOPqsSuvVx]+|[WX][\w.:=]+)$/,
  value: /^-[WX]$|^--check-hash-based-pycs$/,
}

/** What the standard library and joblib hand to a helper of their own, always in the same words. */
const helper = /^from (multiprocessing|joblib)\.[a-z_.]+ import /

function moduleOperand(words: readonly string[], at: number): Operand {
  const module = words[at] ?? ''
  const launcher = uvFamily.match(module, words.slice(at))
  if (launcher !== undefined) return launcher
  // Long module paths are called by the package they begin with.
  const name = asName(module) ?? asName(module.slice(0, 200).split('.')[0])
  return { program: 'python', launches: false, ...(module === '' ? {} : { path: module }), name }
}

/** python script.py, python -m module. A program behind -c is an argument, not a name. */
export const pythonPrograms: ProgramFamily = {
  match(program, words) {
    if (!/^(python|pypy)[0-9.]*$/.test(program)) return undefined
    const at = words.findIndex((word) => /^-[bBdEhiIOPqsSuvVx]*[mc]$/.test(word))
    const before = at < 0 ? -1 : operandAt([...words.slice(0, at), 'operand'], 1, python)
    if (at > 0 && before === at) {
      if (words[at]?.endsWith('m')) return moduleOperand(words, at + 1)
      const name = helper.test(words[at + 1] ?? '') ? 'multiprocessing' : undefined
      return { program: 'python', launches: false, name }
    }
    const operand = operandAt(words, 1, python)
    const file = baseName(words[operand] ?? '')
    if (file === 'supervisord' || file === 'pidproxy') return { program: file, launches: true }
    const rest = words.slice(Math.max(operand, 0))
    return uvFamily.match(file, rest) ?? consoleVerb(scriptAt('python', words, operand), rest)
  },
}
