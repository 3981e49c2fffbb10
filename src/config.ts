import { readFileSync } from 'node:fs'
import { type Static, Type } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { HostSettings } from './census/host-thresholds.ts'
import { findConflicts, PoliciesConfig } from './census/policies.ts'
import { AlertmanagerSettings } from './host/alertmanager.ts'
import { errorCode, errorMessage } from './host/reading.ts'
import { JournalSettings } from './journal/retention.ts'
import { Links } from './remediation/notices/links.ts'
import { OwnPlaybooks } from './remediation/playbook.ts'
import { findBadAssignments } from './remediation/playbooks/assignments.ts'
import { findBadLadders } from './remediation/playbooks/ladders.ts'
import { SessionSettings } from './remediation/sessions/settings.ts'
import { RemediationSettings } from './remediation/settings.ts'

/** The configuration file: what each part declares beside its code, put together. */
export const Config = Type.Object(
  {
    ...PoliciesConfig,
    playbooks: OwnPlaybooks,
    remediation: RemediationSettings,
    sessions: SessionSettings,
    alertmanager: AlertmanagerSettings,
    links: Links,
    journal: JournalSettings,
    host: HostSettings,
  },
  { additionalProperties: false },
)
export type Config = Static<typeof Config>

/** The configuration is not usable; the message names file, line, key and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Reads the file, or takes the defaults when there is none at the default place. Throws ConfigError. */
export function loadConfig(file: string | undefined, fallback: string): Config {
  const path = file ?? fallback
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (file === undefined && errorCode(error) === 'ENOENT') return parseConfig('', fallback)
    throw new ConfigError(`could not read the configuration ${path}: ${errorMessage(error)}`)
  }
  return parseConfig(text, path)
}

/** Parses YAML and checks it; every key that is missing gets its default. Throws ConfigError with all that is wrong. */
export function parseConfig(text: string, path: string): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      ({ message, pos }) => `${path}:${lines.linePos(pos[0]).line}: ${message}`,
    )
    throw new ConfigError(problems.join('\n'))
  }
  let given: unknown
  try {
    given = document.toJS() ?? {}
  } catch (error) {
    // Aliases are only looked up here: one of nothing, or so many that they would multiply without end.
    throw new ConfigError(`${path}${lineOfLostAlias(document, lines)}: ${errorMessage(error)}`)
  }
  const value = Value.Default(Config, withSections(given))
  if (Value.Check(Config, value)) {
    const conflicts = [
      ...findBadLadders(value.playbooks, value.remediation.runDeadline),
      ...findConflicts(value),
      ...findBadAssignments(value),
    ]
    if (conflicts.length === 0) return value
    const problems = conflicts.map((conflict) => {
      const keys = (conflict.split(':')[0] ?? '').split('.')
      return `${path}:${lineOf(document, keys, lines)}: ${conflict}`
    })
    throw new ConfigError(problems.join('\n'))
  }
  throw new ConfigError(explain(allErrors(value), document, lines, path).join('\n'))
}

/** `:7` when there an alias stands whose anchor does not. */
function lineOfLostAlias(document: Document, lines: LineCounter): string {
  let line = ''
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined
      line = `:${lines.linePos(alias.range?.[0] ?? 0).line}`
      return visit.BREAK
    },
  })
  return line
}

/** TypeBox stops at eight, and one value that may take several forms fails that often by itself. */
function allErrors(value: unknown): ReturnType<typeof Value.Errors> {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: 1000 })
  try {
    return Value.Errors(Config, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

/** One line for each key that is wrong. */
function explain(
  errors: ReturnType<typeof Value.Errors>,
  document: Document,
  lines: LineCounter,
  path: string,
): string[] {
  // A value that may take several forms fails all of them: what is said then is what would have been right.
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath)
  const told = new Set<string>()
  return errors.flatMap(({ keyword, instancePath, message, params }) => {
    const choice = choices.find((one) => instancePath === one || instancePath.startsWith(`${one}/`))
    const keys = (choice ?? instancePath).split('/').slice(1)
    // Each unknown key is told twice: by its parent, and by itself as "schema is false".
    if (keyword === 'additionalProperties' || told.has(keys.join('/'))) return []
    told.add(keys.join('/'))
    const wrong =
      choice !== undefined
        ? `expected ${expectedAt(keys)}`
        : keyword === 'boolean'
          ? `unknown key; expected one of ${siblings(keys)}`
          : `${message}${hint(params)}`
    return [`${path}:${lineOf(document, keys, lines)}: ${keys.join('.') || 'the file'}: ${wrong}`]
  })
}

/** Sections may be left out, or left empty; their defaults then count. */
function withSections(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  const sections = {
    policy: {},
    containers: [],
    labels: {},
    expected: [],
    collect: {},
    playbooks: [],
    remediation: {},
    sessions: {},
    alertmanager: {},
    links: {},
    journal: {},
    host: {},
  }
  return Object.assign(sections, withoutEmpty(given))
}

/** A key with nothing behind it says nothing. */
function withoutEmpty(given: object): object {
  return Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [
        key,
        typeof value === 'object' && !Array.isArray(value) ? withoutEmpty(value) : value,
      ]),
  )
}

function hint(params: object): string {
  return 'allowedValues' in params && Array.isArray(params.allowedValues)
    ? `: ${params.allowedValues.join(', ')}`
    : ''
}

/** The schema of a key, as far as the way to it is one of objects and lists. */
function schemaAt(keys: readonly string[]): object {
  let schema: object = Config
  for (const key of keys) {
    const below: unknown = 'properties' in schema ? field(schema.properties, key) : field(schema, 'items')
    if (typeof below !== 'object' || below === null) break
    schema = below
  }
  return schema
}

function field(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null
    ? Object.entries(of).find(([name]) => name === key)?.[1]
    : undefined
}

function expectedAt(keys: readonly string[]): string {
  return String(field(schemaAt(keys), 'expected') ?? 'another form')
}

/** The keys that could have been meant. */
function siblings(keys: readonly string[]): string {
  return Object.keys(field(schemaAt(keys.slice(0, -1)), 'properties') ?? {}).join(', ')
}

/** The line of the key itself, or of the nearest one above it that stands in the file. */
function lineOf(document: Document, keys: readonly string[], lines: LineCounter): number {
  let node: unknown = document.contents
  let offset = 0
  for (const key of keys) {
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined
    const at = pair === undefined && isSeq(node) ? node.items[Number(key)] : pair?.key
    if (!isNode(at)) break
    offset = at.range?.[0] ?? offset
    node = pair === undefined ? at : pair.value
  }
  return lines.linePos(offset).line
}
