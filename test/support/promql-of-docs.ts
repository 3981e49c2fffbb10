/** The fenced blocks of the documentation: commands and queries that a person copies. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './tools.ts'

/** A fenced block, and where it stands. */
export interface Block {
  /** Relative to the repository. */
  readonly file: string
  /** Of its first line, the one below the fence; from 1. */
  readonly line: number
  readonly text: string
}

/** A query of the documentation. */
export interface DocumentedQuery {
  readonly file: string
  readonly line: number
  /** As it stands there: the container is called metamcp. */
  readonly expr: string
}

/** Every Markdown file of docs, relative to the repository. */
export const documents = (): readonly string[] =>
  readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file))
    .toSorted()

/** Every fenced block of a language, in all documents or in those that are named. */
export function blocksOf(language: string, files: readonly string[] = documents()): readonly Block[] {
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return [...text.matchAll(fence)].flatMap((found) => {
      const [, said, block = ''] = found
      if (said !== language) return []
      return [{ file, line: text.slice(0, found.index).split('\n').length + 1, text: block }]
    })
  })
}

/** A fence, what it says of its language, and what stands in it. */
const fence = /^```(\w*)\n([\s\S]*?)^```$/gm

/** Every query of the documentation: one for each block. */
export const promqlOfDocs = (): readonly DocumentedQuery[] =>
  blocksOf('promql').map(({ file, line, text }) => ({ file, line, expr: text.trim() }))

/** A document without its fenced blocks: what is left are headings, links and sentences. */
export const proseOf = (file: string): string => readFileSync(join(root, file), 'utf8').replaceAll(fence, '')

/** Words of PromQL that stand where a metric may. */
const words = /^(and|or|unless|bool|offset|inf|nan)$/i

/** The metrics that an expression reads: names that are no function, no word of the language, and no label. */
export function metricsIn(expr: string): readonly string[] {
  const bare = expr
    .replaceAll(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/gi, ' ')
  return [...bare.matchAll(/(?<![\w:.])([a-zA-Z_:][\w:]*)\b(?!\s*\()/g)]
    .map(([, name = '']) => name)
    .filter((name) => !words.test(name))
}
