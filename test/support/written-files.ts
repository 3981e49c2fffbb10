import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Every file of a folder, by its name, byte by byte: what was deleted from a database is in there as well. */
export function writtenFiles(folder: string): Record<string, Buffer> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((one) => one.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [`file ${name}`, readFileSync(join(parentPath, name))]),
  )
}

/** Every row of a database: a text that is longer than a page stands in the file in pieces. */
export function databaseRows(path: string): Record<string, string> {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
    return Object.fromEntries(
      tables.map(({ name }) => [
        `table ${name}`,
        // Values one by one: JSON in JSON would hide what had to be escaped.
        database
          .prepare(`SELECT * FROM ${name}`)
          .all()
          .map((row) => Object.values(row).join('\n'))
          .join('\n'),
      ]),
    )
  } finally {
    database.close()
  }
}
