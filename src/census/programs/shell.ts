import { asName } from '../words.ts'
import { type Operand, type ProgramFamily, scriptAt } from './operand.ts'
import { wrappers } from './wrappers.ts'

const shells = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'mksh', 'rbash', 'fish'])
const plain =
  /^([-+][a-zA-Z]+|--(login|norc|noprofile|posix|verbose|noediting|restricted|interactive|no-rcs))$/
const value = /^([-+][a-zA-Z]*[oO]|--rcfile|--init-file)$/

/**
 * `sh -c 'program …'` starts a program; `sh script` is a program itself. A line behind -c is never looked into: what
 * it runs is told from the child.
 */
function shellOperand(program: string, words: readonly string[]): Operand {
  for (let at = 1; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') return scriptAt(program, words, at + 1)
    if (!/^[-+]./.test(word))
      return word === '-' ? { program, launches: false } : scriptAt(program, words, at)
    if (/^-[a-zA-Z]*c[a-zA-Z]*$/.test(word) || word === '--command')
      return { program: 'sh -c', launches: true }
    if (value.test(word)) at++
    // Behind -s all operands are arguments: the script comes from the input.
    else if (!plain.test(word) || /^-[a-zA-Z]*s/.test(word)) return { program, launches: false }
  }
  return { program, launches: false }
}

/** Shells, and busybox, whose first operand is the name of the applet that it is. */
export const shell: ProgramFamily = {
  match(program, words) {
    if (shells.has(program)) return shellOperand(program, words)
    if (program !== 'busybox' && program !== 'toybox') return undefined
    const applet = asName(words[1])
    if (applet === undefined) return { program, launches: false }
    const rest = words.slice(1)
    if (shells.has(applet)) return shellOperand(applet, rest)
    return wrappers.match(applet, rest) ?? { program, launches: false, name: applet, path: applet }
  },
}
