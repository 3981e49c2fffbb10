/** Tables whose rows say what happened to whom; what else is written counts for nothing here. */
const tables = /^(episodes|runs|steps|effects)$/

/** Tells what a statement of the journal stands for; undefined when it writes nothing that was done. */
export type NameWrite = (sql: string, values: readonly unknown[]) => string | undefined

/**
 * Gives every write of one program a name that a person understands, such as `kill-duplicates: SIGKILL intended`. The
 * SQL is read, so that a write that is new to this file has a name as well.
 */
export function createNames(): NameWrite {
  let action = 'recovery'
  let effect = 'nothing'
  return (text, values) => {
    const sql = text.replaceAll(/\s+/g, ' ').trim()
    const [, verb = '', table = '', rest = ''] = /^(INSERT INTO|UPDATE) (\w+) (.*)$/.exec(sql) ?? []
    if (!tables.test(table)) return undefined
    const what = `${verb === 'UPDATE' ? 'update' : 'insert'} ${table}`
    const value = (column: string): unknown => values[columnsOf(rest).indexOf(column)]
    switch (what) {
      case 'insert episodes':
      case 'insert runs':
        return 'alert taken in'
      case 'update runs':
        return `run ${runWrite(rest)}`
      case 'insert steps':
        action = String(value('action'))
        return `${action}: begun`
      case 'update steps':
        return `${action}: ${/^SET plan\b/.test(rest) ? 'planned' : 'ended'}`
      case 'insert effects':
        effect = String(value('signal') ?? value('kind'))
        return `${action}: ${effect} intended`
      case 'update effects':
        return `${action}: ${effect} over`
      default:
        return what
    }
  }
}

/** `(a, b) VALUES …` → a, b */
function columnsOf(rest: string): string[] {
  return (/^\(([^)]*)\)/.exec(rest)?.[1] ?? '').split(',').map((column) => column.trim())
}

function runWrite(rest: string): string {
  if (/^SET state = 'running'/.test(rest)) return 'begun'
  if (/\boutcome = /.test(rest)) return 'ended'
  return `written: ${/^SET (\w+)/.exec(rest)?.[1]}`
}
