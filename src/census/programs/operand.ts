import { scriptName } from '../words.ts'

/** What a program was asked to run. */
export interface Operand {
  /** The program, by the name that people use. */
  readonly program: string
  /** Script, module or package, fit for a label; undefined when none could be told for certain. */
  readonly name?: string | undefined
  /** The script as it was given, to tell two scripts of the same name apart. Never leaves the census. */
  readonly path?: string | undefined
  /** What a program and its workers have in common where their names and paths differ. */
  readonly key?: string | undefined
  /** True when the program only starts the operand and waits for it. */
  readonly launches: boolean
}

/** One family of programs that run another: launchers, shells, wrappers, interpreters. */
export interface ProgramFamily {
  /** Undefined when the program is none of this family. */
  match(program: string, words: readonly string[]): Operand | undefined
}

/** The options of a program that may stand before its operand. Both lists are closed and match whole words. */
export interface Options {
  /** Takes no further word. */
  readonly plain: RegExp
  /** Takes the next word as its value. */
  readonly value?: RegExp
}

const withValueInside = /^--[A-Za-z0-9][\w.-]*=/

/**
 * Where the first operand stands, -1 when that is not certain. An option that is not on the list may take the next
 * word as its value, so what follows it is not known to be an operand, and none is taken: it might be a password.
 */
export function operandAt(words: readonly string[], from: number, { plain, value }: Options): number {
  for (let at = from; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') return at + 1 < words.length ? at + 1 : -1
    if (!word.startsWith('-')) return at
    if (value?.test(word)) at++
    else if (!plain.test(word) && !withValueInside.test(word)) return -1
  }
  return -1
}

/** A program that runs the script at `at`; -1 when there is none, or none that is certain. */
export function scriptAt(program: string, words: readonly string[], at: number, launches = false): Operand {
  const path = words[at]
  return path === undefined ? { program, launches } : { program, launches, path, name: scriptName(path) }
}
