import type { TSchema } from 'typebox'
import type { Action } from '../../src/remediation/action.ts'
import { actions } from '../../src/remediation/actions/index.ts'
import { table } from './table.ts'

const head = `# Actions

What a step of a playbook can do. Parameters go under \`with\`; what is left out is as the table says, or as \`remediation\`
in the configuration file has it. Written from the code by \`npm run docs\`.
`

/** Every action with its parameters. */
export function actionsPage(): string {
  return [head, ...Object.values<Action>(actions).map(section)].join('\n')
}

function section({ name, description, acts, parameters }: Action): string {
  const rows = Object.entries(parameters.properties).map(([key, schema]) => row(key, schema))
  const touches = acts
    ? 'It changes something: left out in observe, planned in a dry run.'
    : 'It changes nothing.'
  const given =
    rows.length === 0 ? 'No parameters.' : table(['parameter', 'form', 'default', 'meaning'], rows)
  return `## ${name}\n\n${description} ${touches}\n\n${given}\n`
}

function row(key: string, schema: TSchema): string[] {
  const said = (what: string): unknown => Object.entries(schema).find(([name]) => name === what)?.[1]
  const fallback = said('default')
  return [
    `\`${key}\``,
    String(said('expected') ?? said('type') ?? ''),
    fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``,
    String(said('description') ?? ''),
  ]
}
