import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { migrations } from './schema.ts'

/** The journal could not be opened or was written by a newer pidwarden. */
export class JournalError extends Error {
  override readonly name = 'JournalError'
}

/**
 * Opens the SQLite file at `path` (`:memory:` for tests), creates or migrates it. A corrupt file is set aside under
 * a name with the time in it, never deleted, and a new one begun. Throws JournalError.
 */
export function openDatabase(path: string, now: number): { database: DatabaseSync; setAside?: string } {
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    return { database: prepare(path) }
  } catch (error) {
    if (error instanceof JournalError || !isCorrupt(error)) throw explain(path, error)
  }
  const setAside = `${path}.corrupt-${new Date(now).toISOString().replaceAll(':', '')}`
  try {
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
    }
    return { database: prepare(path), setAside }
  } catch (error) {
    throw explain(path, error)
  }
}

function prepare(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    // WAL: readers never wait for the writer. NORMAL: a crash of pidwarden loses nothing that was committed.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
    database.exec('PRAGMA busy_timeout = 2000; PRAGMA journal_size_limit = 4194304')
    const check = database.prepare('PRAGMA quick_check(1)').get()
    if (check?.quick_check !== 'ok') throw Object.assign(new Error('quick_check failed'), { errcode: 11 })
    migrate(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (version > migrations.length) {
    throw new JournalError(
      `${path}: written by a newer pidwarden (schema ${version}, this one knows ${migrations.length}); ` +
        'run the newer version, or name another file in PIDWARDEN_JOURNAL',
    )
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue
    database.exec(`BEGIN; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: https://sqlite.org/rescode.html */
function isCorrupt(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (error.errcode === 11 || error.errcode === 26)
}

function explain(path: string, error: unknown): JournalError {
  if (error instanceof JournalError) return error
  const detail = error instanceof Error ? error.message : String(error)
  return new JournalError(
    `could not open the journal ${path}: ${detail}; nothing is acted on without a journal: ` +
      'make the folder writable and give it space, or name another file in PIDWARDEN_JOURNAL',
    { cause: error },
  )
}
