import { join } from 'node:path'
import t from 'tap'
import { openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'
import { emptyFolder } from '../support/folder.ts'

t.test('counts of OOM kills are there after a restart, as they were saved last', async (t) => {
  const path = join(emptyFolder(t), 'journal.db')
  let now = 0
  const open = (): Journal => new Journal(openDatabase(path, now).database, () => ++now)
  const a = { life: 'x 2026-11-21T12:00:00Z', before: 4, first: 0, last: 3, told: 1 }
  const b = { life: '', before: 0, first: 0, last: 0, told: 0, since: 2 }
  const first = open()
  t.strictSame(first.oomCounts.load(), [])
  first.oomCounts.save('a', { ...a, since: 0 })
  first.oomCounts.save('b', b)
  first.oomCounts.save('a', a)
  first.close()
  const second = open()
  t.strictSame(
    second.oomCounts.load(),
    [
      ['b', b],
      ['a', a],
    ],
    'the one that was written last at the end',
  )
  second.close()
})

t.test('so many names stay on file', async (t) => {
  let now = 0
  const journal = new Journal(openDatabase(':memory:', 0).database, () => ++now)
  t.teardown(() => journal.close())
  const count = { life: 'x', before: 0, first: 0, last: 1, told: 0 }
  journal.transaction(() => {
    for (let i = 0; i < 10_002; i++) journal.oomCounts.save(`n${i}`, count)
  })
  const names = journal.oomCounts.load().map(([name]) => name)
  t.strictSame([names.length, names[0], names.at(-1)], [10_000, 'n2', 'n10001'])
})
