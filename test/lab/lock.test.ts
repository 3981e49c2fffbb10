import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { withLock } from '../../lab/system/lock.ts'
import { self } from '../../lab/system/process.ts'

t.test('one at a time, and released after success and failure', async (t) => {
  const path = join(t.testdir(), 'lock')
  let inside = 0
  const work = async () => {
    t.equal(++inside, 1)
    await delay(20)
    inside--
  }
  await Promise.all([withLock(path, 5000, work), withLock(path, 5000, work), withLock(path, 5000, work)])
  await t.rejects(
    withLock(path, 5000, async () => {
      throw new Error('work failed')
    }),
    { message: 'work failed' },
  )
  t.notOk(existsSync(path))
  t.equal(await withLock(path, 5000, async () => 'result'), 'result')
})

t.test('the lock of a process that is gone is taken over', async (t) => {
  const { pid } = self()
  const stale = {
    'a dead pid': '4194304 1',
    'a pid that was given away again': `${pid} 1`,
    'no pid at all': 'garbage',
  }
  for (const [name, owner] of Object.entries(stale)) {
    const path = join(t.testdir(), 'lock')
    writeFileSync(path, `${owner}\n`)
    t.equal(
      await withLock(path, 1000, async () => readFileSync(path, 'utf8').split(' ')[0]),
      String(pid),
      name,
    )
  }
})

t.test('waiting for a living owner ends with who it is', async (t) => {
  const path = join(t.testdir(), 'lock')
  const { pid, startTime } = self()
  writeFileSync(path, `${pid} ${startTime}\n`)
  await t.rejects(
    withLock(path, 200, async () => t.fail('must not run')),
    { message: new RegExp(`held by process ${pid}`) },
  )
  t.ok(existsSync(path), 'it stays its owner’s')
})
