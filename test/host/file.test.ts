import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readBytes, readText } from '../../src/host/file.ts'
import { take } from '../../src/host/reading.ts'
import { startNode } from '../support/children.ts'
import { until } from '../support/until.ts'

/** Bytes that differ from place to place, so that none can stand for another. */
const pattern = (length: number): Buffer =>
  Buffer.from(Uint32Array.from({ length: Math.ceil(length / 4) }, (_, i) => i).buffer).subarray(0, length)

const kib = 1024
const mib = 1024 * kib

t.test('files of every size around the buffer are read whole', async (t) => {
  const folder = t.testdir({})
  for (const length of [
    0,
    1,
    2047,
    2048,
    2049,
    64 * kib - 1,
    64 * kib,
    64 * kib + 1,
    300 * kib,
    4 * mib - 1,
  ]) {
    const path = join(folder, String(length))
    const expected = pattern(length)
    writeFileSync(path, expected)
    t.ok(readBytes(path).equals(expected), `${length} bytes`)
  }
})

t.test('a file past 4 MiB is refused, and the next one is read again', async (t) => {
  const large = join(t.testdir({ small: 'text' }), 'large')
  writeFileSync(large, Buffer.alloc(4 * mib + 1))
  t.throws(() => readBytes(large), {
    name: 'RangeError',
    message: new RegExp(`^${large}: larger than 4194304`),
  })
  t.match(
    take(() => readBytes(large)),
    { kind: 'failed', detail: /larger than/ },
  )
  t.equal(readText(join(t.testdirName, 'small')), 'text')
})

t.test('the bytes are a view that the next read takes over', async (t) => {
  const folder = t.testdir({ a: 'aaaa', b: 'bbbb' })
  const first = readBytes(join(folder, 'a'))
  readBytes(join(folder, 'b'))
  t.equal(first.toString(), 'bbbb')
})

t.test('text that is no UTF-8 gets a replacement character', async (t) => {
  const folder = t.testdir({ a: Buffer.from([0x61, 0xff, 0x62]) })
  t.equal(readText(join(folder, 'a')), 'a\ufffdb')
})

t.test('errors are those of the system', async (t) => {
  const folder = t.testdir({ file: '' })
  t.throws(() => readBytes(join(folder, 'nowhere')), { code: 'ENOENT' })
  t.throws(() => readBytes(join(folder, 'file/below')), { code: 'ENOTDIR' })
  t.throws(() => readBytes(folder), { code: 'EISDIR' })
})

t.test('no descriptor stays open, whatever comes of the read', async (t) => {
  const folder = t.testdir({ a: 'a' })
  const open = (): number => readdirSync('/proc/self/fd').length
  const before = open()
  for (let i = 0; i < 50; i++) {
    readBytes(join(folder, 'a'))
    take(() => readBytes(folder))
    take(() => readBytes(join(folder, 'nowhere')))
  }
  t.equal(open(), before)
})

t.test('real files of the kernel over many pages', async (t) => {
  const script = 'const all = Buffer.alloc(8 << 20, 1); console.log(all.length); setInterval(() => {}, 1e9)'
  const env = Object.fromEntries(
    Array.from({ length: 4 }, (_, i) => [`LARGE_${i}`, String(i).repeat(100 * kib)]),
  )
  const child = await startNode(t, script, { env })
  child.process.kill('SIGSTOP')
  await until(
    'the child stands still',
    () => / T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8')),
    10_000,
  )

  const maps = readFileSync(`/proc/${child.pid}/maps`)
  t.ok(maps.length > 2 * 4096, 'a sequence file that fills several pages')
  t.ok(readBytes(`/proc/${child.pid}/maps`).equals(maps))

  const environ = readFileSync(`/proc/${child.pid}/environ`)
  t.ok(environ.length > 400 * kib)
  t.ok(readBytes(`/proc/${child.pid}/environ`).equals(environ))

  for (const file of ['stat', 'status', 'cmdline', 'cgroup', 'limits']) {
    const expected = readFileSync(`/proc/${child.pid}/${file}`)
    t.ok(readBytes(`/proc/${child.pid}/${file}`).equals(expected), file)
  }
})
