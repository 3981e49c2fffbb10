import { writeSync } from 'node:fs'
import t from 'tap'
import { createProcfs } from '../../src/host/procfs.ts'

const io = (rchar: string) =>
  `rchar: ${rchar}\nwchar: 340\nsyscr: 10\nsyscw: 3\nread_bytes: 4096\nwrite_bytes: 0\n`

t.test('what a process has read and written', async (t) => {
  const procfs = createProcfs(t.testdir({ 7: { io: io('6976') }, 8: { io: io('many') }, 9: {} }))
  t.same(procfs.io(7), { kind: 'value', value: { rchar: 6976, wchar: 340 } })
  t.match(procfs.io(8), { kind: 'failed' })
  t.same(procfs.io(9), { kind: 'gone' })
})

t.test('on the real kernel it grows when something is written', async (t) => {
  const procfs = createProcfs()
  const written = () => {
    const reading = procfs.io(process.pid)
    return reading.kind === 'value' ? reading.value.wchar : Number.NaN
  }
  const before = written()
  writeSync(1, '# some text\n')
  t.ok(written() >= before + 12)
})
