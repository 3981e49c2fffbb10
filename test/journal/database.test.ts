import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { JournalError, openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'
import { migrations } from '../../src/journal/schema.ts'
import { emptyFolder } from '../support/folder.ts'

const now = Date.UTC(2026, 10, 20, 12, 34, 56, 789)
const tables = (database: DatabaseSync) =>
  database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .all()
    .map(({ name }) => name)

const allTables = [
  'deliveries',
  'effects',
  'episodes',
  'incidents',
  'notices',
  'oom_counts',
  'releases',
  'runs',
  'session_memories',
  'steps',
  'stops',
  'tallies',
]

t.test('an empty place gets every table, its folder too', async (t) => {
  const path = join(emptyFolder(t), 'a', 'b', 'journal.db')
  const { database, setAside } = openDatabase(path, now)
  t.teardown(() => database.close())
  t.equal(setAside, undefined)
  t.same(tables(database), allTables)
  t.equal(database.prepare('PRAGMA user_version').get()?.user_version, migrations.length)
  t.equal(database.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
  t.equal(database.prepare('PRAGMA foreign_keys').get()?.foreign_keys, 1)
})

t.test('an empty file is a new journal', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  writeFileSync(path, '')
  const { database, setAside } = openDatabase(path, now)
  t.teardown(() => database.close())
  t.equal(setAside, undefined)
  t.same(tables(database), allTables)
})

t.test('what is up to date is left as it is', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  const first = openDatabase(path, now).database
  first.exec(`INSERT INTO episodes (fingerprint, starts_at, alert, container_id, name, playbook, tier, resource, received_at)
    VALUES ('f', 's', 'a', 'c', 'n', 'p', 't', 'r', 1)`)
  first.close()
  const { database, setAside } = openDatabase(path, now)
  t.teardown(() => database.close())
  t.equal(setAside, undefined)
  t.equal(database.prepare('SELECT count(*) AS n FROM episodes').get()?.n, 1)
})

t.test('a journal of a newer pidwarden is refused and not touched', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  const newer = new DatabaseSync(path)
  newer.exec(
    `PRAGMA user_version = ${migrations.length + 1}; CREATE TABLE future (x) STRICT`.replace(
      '(x)',
      '(x INT)',
    ),
  )
  newer.close()
  t.throws(() => openDatabase(path, now), {
    name: 'JournalError',
    message: new RegExp(
      `written by a newer pidwarden \\(schema ${migrations.length + 1}, this one knows ${migrations.length}\\).*PIDWARDEN_JOURNAL`,
    ),
  })
  const after = new DatabaseSync(path)
  t.teardown(() => after.close())
  t.same(tables(after), ['future'])
  t.equal(after.prepare('PRAGMA user_version').get()?.user_version, migrations.length + 1)
  t.notOk(readdirSync(join(path, '..')).some((name) => name.includes('corrupt')))
})

t.test('the journal of an older pidwarden is brought forward, with all that it holds', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  const older = new DatabaseSync(path)
  older.exec(`${migrations[0]}; PRAGMA user_version = 1`)
  older.exec(`INSERT INTO episodes (fingerprint, starts_at, alert, container_id, name, playbook, tier, resource, received_at)
    VALUES ('f', 's', 'a', 'c', 'metamcp', 'cleanup', 'critical', 'duplicates', 1)`)
  older.exec(`INSERT INTO runs (id, episode_id, container_id, name, playbook, tier, resource, state, created_at)
    VALUES ('run', 1, 'c', 'metamcp', 'cleanup', 'critical', 'duplicates', 'done', 1)`)
  older.close()
  const { database } = openDatabase(path, now)
  t.teardown(() => database.close())
  t.equal(database.prepare('PRAGMA user_version').get()?.user_version, migrations.length)
  t.match(database.prepare('SELECT * FROM runs').get(), { id: 'run', name: 'metamcp', admitted_at: null })
})

t.test('effects and their counters outlive the change of their table', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  const older = new DatabaseSync(path)
  older.exec(`${migrations[0]}; ${migrations[1]}; PRAGMA user_version = 2; PRAGMA foreign_keys = ON`)
  older.exec(`INSERT INTO episodes (fingerprint, starts_at, alert, container_id, name, playbook, tier, resource, received_at)
      VALUES ('f', 's', 'a', 'c', 'metamcp', 'cleanup', 'critical', 'duplicates', 1);
    INSERT INTO runs (id, episode_id, container_id, name, playbook, tier, resource, state, created_at)
      VALUES ('run', 1, 'c', 'metamcp', 'cleanup', 'critical', 'duplicates', 'running', 1);
    INSERT INTO steps (run_id, action, started_at) VALUES ('run', 'kill-duplicates', 1);
    INSERT INTO effects (step_id, kind, pid, start_ticks, command, signal, intent_at) VALUES (1, 'signal', 7, 9, 'node x', 'SIGTERM', 1);
    UPDATE effects SET result = 'sent', result_at = 2;
    INSERT INTO effects (step_id, kind, life, intent_at) VALUES (1, 'stop', 'a life', 3)`)
  older.close()
  const { database } = openDatabase(path, now)
  t.teardown(() => database.close())
  const journal = new Journal(database, () => now)
  t.match(journal.story('run')?.steps[0]?.effects, [
    { id: 1, kind: 'signal', pid: 7, startTicks: 9, command: 'node x', signal: 'SIGTERM', result: 'sent' },
    { id: 2, kind: 'stop', life: 'a life' },
  ])
  t.match(journal.debts(), [{ life: 'a life' }], 'what is owed is owed')
  const [id = 0] = journal.intend(1, [{ kind: 'signal', pid: 8, signal: 'SIGTERM' }])
  journal.complete([{ id, result: 'sent' }])
  t.same(journal.signalTally(), [{ labels: { signal: 'SIGTERM' }, count: 2 }], 'and it is counted on')
  t.same(database.prepare('PRAGMA foreign_key_check').all(), [])
})

t.test('a clamp of an older pidwarden is taken back by this one', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  const older = new DatabaseSync(path)
  older.exec(`${migrations.slice(0, 3).join(';')}; PRAGMA user_version = 3; PRAGMA foreign_keys = ON`)
  older.exec(`INSERT INTO episodes (fingerprint, starts_at, alert, container_id, name, playbook, tier, resource, received_at)
      VALUES ('f', 's', 'a', 'c', 'metamcp', 'contain', 'emergency', 'duplicates', 1);
    INSERT INTO runs (id, episode_id, container_id, name, playbook, tier, resource, state, created_at)
      VALUES ('run', 1, 'c', 'metamcp', 'contain', 'emergency', 'duplicates', 'running', 1);
    INSERT INTO steps (run_id, action, started_at) VALUES ('run', 'clamp-pids', 1);
    INSERT INTO effects (step_id, kind, pids_limit, pids_limit_before, intent_at) VALUES (1, 'clamp', 96, -1, 1)`)
  older.close()
  const { database } = openDatabase(path, now)
  t.teardown(() => database.close())
  t.match(new Journal(database, () => now).temporaries(), [
    { kind: 'clamp', containerId: 'c', name: 'metamcp', limits: { pids: 96 }, limitsBefore: { pids: -1 } },
  ])
})

for (const [name, spoil] of [
  ['no SQLite file at all', () => Buffer.from('this was never a database, but it may be somebody’s notes')],
  [
    'a page that was overwritten',
    (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0x5a)]),
  ],
  ['a file that was cut', (bytes: Buffer) => bytes.subarray(0, 4096 + 100)],
] as const) {
  t.test(`corrupt: ${name}: set aside, and a new one begun`, async (t) => {
    const folder = emptyFolder(t)
    const path = join(folder, 'journal.db')
    openDatabase(path, now).database.close()
    const spoilt = spoil(readFileSync(path))
    writeFileSync(path, spoilt)
    const { database, setAside } = openDatabase(path, now)
    t.teardown(() => database.close())
    t.equal(setAside, `${path}.corrupt-2026-11-20T123456.789Z`)
    t.same(readFileSync(setAside ?? ''), spoilt, 'every byte of it is still there')
    t.same(tables(database), allTables)
    t.same(new Journal(database, () => now).openRuns(), [])
  })
}

for (const [name, prepare] of [
  [
    'the path is a folder',
    (folder: string) => {
      mkdirSync(join(folder, 'journal.db'))
      return join(folder, 'journal.db')
    },
  ],
  [
    'the folder cannot be made',
    (folder: string) => {
      writeFileSync(join(folder, 'file'), '')
      return join(folder, 'file', 'journal.db')
    },
  ],
] as const) {
  t.test(`a place that cannot be used is explained: ${name}`, async (t) => {
    const path = prepare(emptyFolder(t))
    t.throws(() => openDatabase(path, now), JournalError)
    t.throws(() => openDatabase(path, now), { message: new RegExp(`${path}.*PIDWARDEN_JOURNAL`) })
  })
}

t.test('a migration that fails leaves nothing half done', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  const before = new DatabaseSync(path)
  // A table of that name is in the way of the second statement of the migration.
  before.exec('CREATE TABLE runs (x INT) STRICT')
  before.close()
  t.throws(() => openDatabase(path, now), { name: 'JournalError', message: /table runs already exists/ })
  const after = new DatabaseSync(path)
  t.teardown(() => after.close())
  t.same(tables(after), ['runs'])
  t.equal(after.prepare('PRAGMA user_version').get()?.user_version, 0)
})
