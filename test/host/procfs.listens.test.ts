import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createProcfs } from '../../src/host/procfs.ts'
import { unprivileged } from '../support/unprivileged.ts'

const inet = (...rows: [state: string, inode: number][]): string =>
  [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    ...rows.map(
      ([state, inode], sl) =>
        `   ${sl}: 0100007F:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`,
    ),
    '',
  ].join('\n')

const unix = (...rows: [flags: string, inode: number, path?: string][]): string =>
  [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    ...rows.map(([flags, inode, path = '']) =>
      `0000000000000000: 00000002 00000000 ${flags} 0001 01 ${inode} ${path}`.trimEnd(),
    ),
    '',
  ].join('\n')

/** Process 7 with these descriptors and these tables of its network namespace. */
function listens(t: Test, descriptors: readonly string[], net: Record<string, string>) {
  const fd = Object.fromEntries(descriptors.map((target, number) => [number, t.fixture('symlink', target)]))
  return createProcfs(t.testdir({ 7: { fd, net } })).listens(7)
}

const yes = { kind: 'value', value: true }
const no = { kind: 'value', value: false }

t.test('a listening socket among the descriptors', async (t) => {
  const sockets = ['/dev/null', 'pipe:[5]', 'socket:[111]', 'anon_inode:[eventpoll]']
  const table: [string, Record<string, string>, unknown][] = [
    ['TCP that listens', { tcp: inet(['0A', 111]) }, yes],
    ['TCP that listens, not in the first row', { tcp: inet(['01', 5], ['06', 6], ['0A', 111]) }, yes],
    ['TCP over IPv6 that listens', { tcp: inet(), tcp6: inet(['0A', 111]) }, yes],
    ['IPv6 only, no table for IPv4', { tcp6: inet(['0A', 111]) }, yes],
    ['a Unix socket that listens', { unix: unix(['00010000', 111, '/run/x.sock']) }, yes],
    ['an abstract Unix socket that listens', { unix: unix(['00010000', 111, '@x']) }, yes],
    ['a Unix socket that listens, without a path', { unix: unix(['00010000', 111]) }, yes],
    ['TCP that is connected', { tcp: inet(['01', 111]) }, no],
    ['a Unix socket that is connected', { unix: unix(['00000000', 111, '/run/x.sock']) }, no],
    ['a listener of somebody else', { tcp: inet(['0A', 112]), unix: unix(['00010000', 1110]) }, no],
    ['an inode that only begins the same', { tcp: inet(['0A', 1111], ['0A', 11]) }, no],
    ['a network namespace without any table', {}, no],
    ['empty tables', { tcp: inet(), tcp6: inet(), unix: unix() }, no],
  ]
  for (const [what, net, expected] of table) t.strictSame(listens(t, sockets, net), expected, what)
})

t.test('a pipe with the number of a listening socket does not listen', async (t) => {
  t.strictSame(listens(t, ['pipe:[111]', '/tmp/socket:[111]'], { tcp: inet(['0A', 111]) }), no)
})

t.test('no sockets, no tables to read', async (t) => {
  t.strictSame(listens(t, ['/dev/null'], {}), no)
  t.strictSame(listens(t, [], {}), no)
})

t.test('what cannot be read is never a no', async (t) => {
  const failed = createProcfs(
    t.testdir({ 7: { fd: { 0: t.fixture('symlink', 'socket:[111]') }, net: { tcp: {} } } }),
  )
  t.match(failed.listens(7), { kind: 'failed', detail: /EISDIR/ })

  const alsoUnix = createProcfs(
    t.testdir({ 7: { fd: { 0: t.fixture('symlink', 'socket:[111]') }, net: { tcp: inet(), unix: {} } } }),
  )
  t.match(alsoUnix.listens(7), { kind: 'failed', detail: /EISDIR/ })

  const odd = createProcfs(t.testdir({ 7: { fd: { 0: 'a file, not a link' }, net: { tcp: inet() } } }))
  t.match(odd.listens(7), { kind: 'denied', detail: /EINVAL/ }, 'a descriptor that cannot be followed')
})

t.test('descriptors that may not be read are denied', async (t) => {
  const root = t.testdir({ 7: { fd: { 0: t.fixture('symlink', 'socket:[111]') }, net: { tcp: inet() } } })
  const fd = join(root, '7/fd')
  chmodSync(fd, 0o000)
  const reading = unprivileged(() => createProcfs(root).listens(7))
  chmodSync(fd, 0o755)
  t.match(reading, { kind: 'denied', detail: /EACCES/ })
})

t.test('processes of one network namespace share a reading, for one turn of the event loop', async (t) => {
  const namespace = (name: string) => ({ net: t.fixture('symlink', `net:[${name}]`) })
  const process = (inode: number, name: string, tcp: string) => ({
    fd: { 0: t.fixture('symlink', `socket:[${inode}]`) },
    ns: namespace(name),
    net: { tcp },
  })
  const root = t.testdir({
    7: process(111, 'a', inet(['0A', 111], ['0A', 112])),
    8: process(112, 'a', inet()),
    9: process(112, 'b', inet()),
  })
  const procfs = createProcfs(root)
  t.strictSame(procfs.listens(7), yes)
  t.strictSame(procfs.listens(8), yes, 'the table of the first stands for all of its namespace')
  t.strictSame(procfs.listens(9), no, 'and not for another namespace')

  writeFileSync(join(root, '7/net/tcp'), inet())
  writeFileSync(join(root, '9/net/tcp'), inet(['0A', 112]))
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(procfs.listens(7), no, 'the next turn reads anew')
  t.strictSame(procfs.listens(9), yes)
})

t.test('a reading that failed is not shared', async (t) => {
  const fd = () => ({ 0: t.fixture('symlink', 'socket:[111]') })
  const ns = () => ({ net: t.fixture('symlink', 'net:[a]') })
  const root = t.testdir({
    7: { fd: fd(), ns: ns(), net: { tcp: {} } },
    8: { fd: fd(), ns: ns(), net: { tcp: inet(['0A', 111]) } },
  })
  const procfs = createProcfs(root)
  t.equal(procfs.listens(7).kind, 'failed')
  t.strictSame(procfs.listens(8), yes)
  t.equal(procfs.listens(7).kind, 'value')
})

t.test('without a namespace to tell them apart, everybody is read', async (t) => {
  const fd = () => ({ 0: t.fixture('symlink', 'socket:[111]') })
  const root = t.testdir({
    7: { fd: fd(), net: { tcp: inet(['0A', 111]) } },
    8: { fd: fd(), net: { tcp: inet() } },
  })
  const procfs = createProcfs(root)
  t.strictSame(procfs.listens(7), yes)
  t.strictSame(procfs.listens(8), no)
})

t.test('how many sockets, and whether one of them listens', async (t) => {
  const root = t.testdir({
    7: {
      fd: Object.fromEntries(
        ['/dev/null', 'socket:[111]', 'pipe:[5]', 'socket:[112]'].map((target, number) => [
          number,
          t.fixture('symlink', target),
        ]),
      ),
      net: { tcp: inet(['01', 111], ['0A', 112]) },
    },
    8: { fd: { 0: t.fixture('symlink', 'pipe:[5]') }, net: { tcp: inet(['0A', 112]) } },
  })
  const procfs = createProcfs(root)
  t.strictSame(procfs.sockets(7, 'listening'), { kind: 'value', value: { total: 2, listening: true } })
  t.strictSame(procfs.sockets(8, 'listening'), { kind: 'value', value: { total: 0, listening: false } })
  t.strictSame(procfs.sockets(7), { kind: 'value', value: { total: 2 } }, 'unless it is asked')
  t.equal(procfs.sockets(9).kind, 'gone')
})
