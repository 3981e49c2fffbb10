import { join } from 'node:path'
import t from 'tap'
import { openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'
import { emptyFolder } from '../support/folder.ts'

const life = { id: 'a', startedAt: '2026-11-21T12:00:00.000000001Z' }

t.test('what is known of sessions is there after a restart, for the same life of a container', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  const first = new Journal(openDatabase(path, 0).database, () => 0)
  t.equal(first.sessions.load(life), undefined)
  first.sessions.save(life, { sessions: ['x'] })
  first.sessions.save(life, { sessions: ['x', 'y'] })
  first.close()
  const { sessions } = new Journal(openDatabase(path, 0).database, () => 0)
  t.same(sessions.load(life), { sessions: ['x', 'y'] })
  t.equal(sessions.load({ ...life, startedAt: '2026-11-21T13:00:00Z' }), undefined)
  sessions.save({ id: 'b', startedAt: '' }, 1)
  sessions.keepOnly(['a', 'c'])
  t.same(
    [sessions.load(life), sessions.load({ id: 'b', startedAt: '' })],
    [{ sessions: ['x', 'y'] }, undefined],
  )
  sessions.keepOnly([])
  t.equal(sessions.load(life), undefined)
})
