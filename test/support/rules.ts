/** The shipped rules as data. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from './tools.ts'

/** An alert as its file declares it. */
export type Alert = {
  alert: string
  expr: string
  for?: string
  keep_firing_for?: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** A recording rule as its file declares it. */
export type Recording = { record: string; expr: string; labels?: Record<string, string> }

const folder = 'prometheus/rules'

/** The rule files, relative to the repository. */
export const ruleFiles = async (): Promise<string[]> =>
  (await readdir(join(root, folder))).sort().map((file) => join(folder, file))

/** Every alert of every rule file. */
export const alerts = async (): Promise<Alert[]> => (await rules()).filter((rule) => 'alert' in rule)

/** Every recording rule of every rule file. */
export const recordings = async (): Promise<Recording[]> => (await rules()).filter((rule) => 'record' in rule)

async function rules(): Promise<(Alert | Recording)[]> {
  const texts = await Promise.all((await ruleFiles()).map((file) => readFile(join(root, file), 'utf8')))
  return texts.flatMap((text) =>
    parse(text).groups.flatMap((group: { rules: (Alert | Recording)[] }) => group.rules),
  )
}

/** Whether a playbook answers the alert. All others say by their level whom they are for. */
export const acting = (alert: Alert): boolean => !('level' in alert.labels)

/** What an expression reads, and what it does with it; strings and labels are left out. */
export interface Reading {
  /** Names of metrics and of recording rules. */
  readonly metrics: readonly string[]
  /** Functions and aggregations. */
  readonly functions: readonly string[]
}

const words = new Set(['and', 'or', 'unless', 'bool', 'offset'])

/** Takes an expression apart. */
export function readingOf(expr: string): Reading {
  const bare = expr
    .replaceAll(/"[^"]*"|`[^`]*`|'[^']*'/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(on|ignoring|without|by|group_left|group_right)\s*\([^)]*\)/g, ' ')
  const found = [...bare.matchAll(/(?<![\w:.])([a-zA-Z_:][\w:]*)(\s*\()?/g)].filter(
    ([, name = '']) => !words.has(name),
  )
  const those = (called: boolean): string[] => [
    ...new Set(found.flatMap(([, name = '', call]) => ((call !== undefined) === called ? [name] : []))),
  ]
  return { metrics: those(false), functions: those(true) }
}
