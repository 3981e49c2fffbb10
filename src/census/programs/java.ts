import { asName } from '../words.ts'
import { type Operand, type Options, operandAt, type ProgramFamily, scriptAt } from './operand.ts'

const java: Options = {
  plain:
    /^(-D.*|-X.*|-(ea|esa|da|dsa|server|client|d64|verbose)(:.*)?|-(enable|disable)(system)?assertions(:.*)?|-(javaagent|agentlib|agentpath|splash):.*|--enable-preview|-showversion|--show-version)$/s,
  value:
    /^(-cp|-classpath|--class-path|-p|--module-path|--upgrade-module-path|--add-modules|--limit-modules|--add-opens|--add-exports|--add-reads|--enable-native-access|--source)$/,
}
const classWord = /^([A-Za-z_$][\w$]{0,59}\.){0,12}[A-Za-z_$][\w$]{0,59}$/

/** The main class in full where that is short enough, else by its last part. */
function className(word: string): string | undefined {
  if (word.length > 400 || !classWord.test(word)) return undefined
  const parts = word.replaceAll('$', '.').split('.')
  if (parts.some((part) => asName(part) === undefined)) return undefined
  const whole = parts.join('.')
  return whole.length <= 64 ? whole : parts.at(-1)
}

function classPath(words: readonly string[], before: number): string {
  const at = words.findIndex((word) => /^(-cp|-classpath|--class-path|-p|--module-path)$/.test(word))
  return at > 0 && at < before ? (words[at + 1] ?? '') : ''
}

/** Two JVMs of one main class are two programs when their class paths differ; `-m` stands for both. */
function mainOperand(words: readonly string[], at: number): Operand {
  const main = words[at]
  if (main === undefined) return { program: 'java', launches: false }
  const path = `${main} ${classPath(words, at)}`
  const [module = '', inModule] = main.slice(0, 800).split('/')
  return { program: 'java', launches: false, path, name: className(inModule ?? module) }
}

/** java -jar x.jar, java -cp … Main, java -m module/Main, java Source.java. */
export const javaPrograms: ProgramFamily = {
  match(program, words) {
    if (program !== 'java') return undefined
    const flag = words.findIndex((word) => word === '-jar' || word === '-m' || word === '--module')
    const known = flag > 0 && operandAt([...words.slice(0, flag), 'operand'], 1, java) === flag
    if (!known) return mainOperand(words, argumentFile(words) ? -1 : operandAt(words, 1, java))
    if (words[flag] !== '-jar') return mainOperand(words, flag + 1)
    // More options may stand between -jar and the archive.
    return scriptAt('java', words, operandAt(words, flag + 1, java))
  },
}

/** `@options.txt` holds further options, and perhaps the main class: nothing behind it is certain. */
function argumentFile(words: readonly string[]): boolean {
  return words[operandAt(words, 1, java)]?.startsWith('@') ?? false
}
