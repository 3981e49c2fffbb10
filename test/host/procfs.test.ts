import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createProcfs } from '../../src/host/procfs.ts'
import { parseStat } from '../../src/host/procstat.ts'
import { statLine } from '../support/fixture-host.ts'
import { unprivileged } from '../support/unprivileged.ts'

const tail =
  'S 41 40 39 0 -1 4194560 1 2 3 4 150 25 6 7 20 0 11 0 987654 8192 17 18446744073709551615 0 0 0 0 0 0 0 0 0'

t.test('every field of stat comes from its own position', async (t) => {
  t.strictSame(parseStat(Buffer.from(`42 (node) ${tail}\n`)), {
    pid: 42,
    comm: 'node',
    state: 'S',
    ppid: 41,
    pgrp: 40,
    session: 39,
    tty: 0,
    cpuTicks: 175,
    threads: 11,
    startTicks: 987654,
    rssPages: 17,
  })
})

t.test('comm may hold anything', async (t) => {
  const names = [
    'npm exec @model',
    'a) R 1 1 1',
    ') (',
    '((sd-pam))',
    '',
    ' ',
    'line\nbreak',
    ')\n(',
    'tab\there',
    'kworker/0:1-eve',
    'ünïcödé',
    '日本語',
  ]
  for (const comm of names) {
    const stat = parseStat(Buffer.from(`42 (${comm}) ${tail}\n`))
    t.match(stat, { pid: 42, comm, state: 'S', ppid: 41, startTicks: 987654 }, JSON.stringify(comm))
    t.equal(stat.comm, comm)
  }
})

t.test('comm that is no UTF-8 moves no field', async (t) => {
  const bytes = [Buffer.from('42 ('), Buffer.from([0x61, 0xff, 0xc3, 0x29, 0xfe]), Buffer.from(`) ${tail}\n`)]
  const stat = parseStat(Buffer.concat(bytes))
  t.match(stat, { pid: 42, comm: 'a\ufffd\ufffd)\ufffd', state: 'S', ppid: 41, threads: 11, rssPages: 17 })
})

t.test('what is no stat line is an error, not a process', async (t) => {
  for (const line of ['', '42', '42 node S 1', ')(']) {
    t.throws(() => parseStat(Buffer.from(line)), /no comm in stat line/, JSON.stringify(line))
  }
})

/** A fixture with one process, 7, that has these files. */
const fixture = (t: Test, files: NonNullable<Parameters<Test['testdir']>[0]>) =>
  createProcfs(t.testdir({ 7: files }))

t.test('argv is split at NUL, and the padding of a title is dropped', async (t) => {
  const table: [string, string, string[]][] = [
    ['as exec leaves it', 'node\0server.js\0', ['node', 'server.js']],
    ['spaces are no borders', 'node\0my server.js\0', ['node', 'my server.js']],
    ['an empty argument counts', 'node\0\0server.js\0', ['node', '', 'server.js']],
    ['an empty first argument', '\0server.js\0', ['', 'server.js']],
    ['without a NUL at the end', 'postgres: writer', ['postgres: writer']],
    ['a title with padding', `npm exec @scope/server${'\0'.repeat(90)}`, ['npm exec @scope/server']],
    ['line breaks', 'sh\0-c\0one\ntwo\0', ['sh', '-c', 'one\ntwo']],
    ['a zombie or a kernel thread', '', []],
    ['nothing but padding', '\0\0\0', []],
    ['more than one page', `node\0${'x'.repeat(9000)}\0end\0`, ['node', 'x'.repeat(9000), 'end']],
  ]
  for (const [what, cmdline, argv] of table) {
    t.strictSame(fixture(t, { cmdline }).argv(7), { kind: 'value', value: argv }, what)
  }
})

t.test('argv that is no UTF-8 keeps its borders', async (t) => {
  const cmdline = Buffer.from([0x61, 0xff, 0, 0x62, 0])
  t.strictSame(fixture(t, { cmdline }).argv(7), { kind: 'value', value: ['a\ufffd', 'b'] })
})

t.test('environment, directory, user and cgroup', async (t) => {
  const procfs = fixture(t, {
    environ: 'PATH=/usr/bin\0EMPTY=\0TWO=a=b\0',
    cwd: t.fixture('symlink', '/srv/my app'),
    status: 'Name:\tnode\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\t2\t3\t4\n',
    cgroup: '0::/system.slice/docker-a.scope\n',
    stat: statLine({ pid: 7, ppid: 1, argv: ['x'] }),
  })
  t.strictSame(procfs.environ(7), { kind: 'value', value: ['PATH=/usr/bin', 'EMPTY=', 'TWO=a=b'] })
  t.strictSame(procfs.cwd(7), { kind: 'value', value: '/srv/my app' })
  t.strictSame(procfs.uid(7), { kind: 'value', value: 1001 }, 'the effective one of the four')
  t.strictSame(procfs.cgroup(7), { kind: 'value', value: '0::/system.slice/docker-a.scope\n' })
  t.match(procfs.stat(7), { kind: 'value', value: { pid: 7, ppid: 1 } })
})

t.test('uptime and capabilities', async (t) => {
  const procfs = createProcfs(
    t.testdir({
      uptime: '12345.67 98765.43\n',
      self: { status: 'CapInh:\t0000000000000000\nCapEff:\t000001fffeffffff\nCapBnd:\tffff\n' },
    }),
  )
  t.equal(procfs.uptime(), 12345.67)
  t.equal(procfs.ownCapabilities(), 0x1fffeffffffn)
})

t.test('children of all threads', async (t) => {
  const procfs = fixture(t, {
    task: { 7: { children: '8 9 ' }, 71: { children: '' }, 72: { children: '4194304 ' } },
  })
  const children = procfs.children(7)
  t.strictSame(children.kind === 'value' && children.value.toSorted((a, b) => a - b), [8, 9, 4_194_304])
  t.strictSame(fixture(t, { task: { 7: { children: '' } } }).children(7), { kind: 'value', value: [] })
})

t.test('a thread that ends while children are read does not matter', async (t) => {
  const procfs = fixture(t, { task: { 7: { children: '8 ' }, 71: {} } })
  t.strictSame(procfs.children(7), { kind: 'value', value: [8] })
})

t.test('a kernel that lists no children is not one without children', async (t) => {
  t.strictSame(fixture(t, { task: { 7: {}, 71: {} } }).children(7), { kind: 'gone' })
})

t.test('children that cannot be read have failed', async (t) => {
  const procfs = fixture(t, { task: { 7: { children: '8 ' }, 71: { children: {} } } })
  t.match(procfs.children(7), { kind: 'failed', detail: /EISDIR/ })
})

t.test('open files are counted', async (t) => {
  const fd = { 0: t.fixture('symlink', '/dev/null'), 1: t.fixture('symlink', 'pipe:[1]'), 17: '' }
  t.strictSame(fixture(t, { fd }).openFds(7), { kind: 'value', value: 3 })
  t.strictSame(fixture(t, { fd: {} }).openFds(7), { kind: 'value', value: 0 })
})

t.test('open files that may not be seen are denied, and not none', async (t) => {
  const procfs = fixture(t, { fd: {} })
  chmodSync(join(t.testdirName, '7/fd'), 0o000)
  t.match(
    unprivileged(() => procfs.openFds(7)),
    { kind: 'denied', detail: /EACCES/ },
  )
  chmodSync(join(t.testdirName, '7/fd'), 0o700)
})

t.test('private memory is what is resident and shared with nobody', async (t) => {
  t.strictSame(fixture(t, { statm: '5000 1200 200 1 0 900 0\n' }).privateMemory(7), {
    kind: 'value',
    value: 4_096_000,
  })
  t.strictSame(fixture(t, { statm: '0 0 0 0 0 0 0\n' }).privateMemory(7), { kind: 'value', value: 0 })
  t.match(fixture(t, { statm: '' }).privateMemory(7), { kind: 'failed', detail: /no pages/ })
})

const readings = [
  'privateMemory',
  'stat',
  'argv',
  'cwd',
  'uid',
  'environ',
  'cgroup',
  'listens',
  'children',
  'openFds',
] as const

t.test('a process that is not there is gone, for every reading', async (t) => {
  const procfs = createProcfs(t.testdir({ 8: {} }))
  for (const reading of readings) t.strictSame(procfs[reading](7), { kind: 'gone' }, reading)
  for (const reading of readings) t.strictSame(procfs[reading](8), { kind: 'gone' }, `${reading}, half gone`)
})

t.test('what cannot be understood has failed', async (t) => {
  const procfs = fixture(t, {
    stat: 'nonsense',
    status: 'Name:\tx\n',
    cmdline: {},
    cwd: 'no link',
    cgroup: {},
  })
  t.match(procfs.stat(7), { kind: 'failed', detail: /no comm/ })
  t.match(procfs.uid(7), { kind: 'failed', detail: 'no Uid line in status' })
  t.match(procfs.argv(7), { kind: 'failed', detail: /EISDIR/ })
  t.match(procfs.cwd(7), { kind: 'failed', detail: /EINVAL/ })
  t.match(procfs.cgroup(7), { kind: 'failed', detail: /EISDIR/ })
})

t.test('what the kernel refuses is denied', async (t) => {
  const procfs = fixture(t, { environ: 'A=b\0', cmdline: 'node\0' })
  for (const file of ['environ', 'cmdline']) chmodSync(join(t.testdirName, '7', file), 0o000)
  for (const reading of ['environ', 'argv'] as const) {
    t.match(
      unprivileged(() => procfs[reading](7)),
      { kind: 'denied', detail: /EACCES/ },
      reading,
    )
  }
  if (process.geteuid?.() === 0)
    t.strictSame(procfs.environ(7), { kind: 'value', value: ['A=b'] }, 'root may')
})

t.test('a fixture tree changes like the real one: what was read once may be gone', async (t) => {
  const procfs = fixture(t, { cmdline: 'node\0' })
  t.equal(procfs.argv(7).kind, 'value')
  rmSync(join(t.testdirName, '7'), { recursive: true })
  t.strictSame(procfs.argv(7), { kind: 'gone' })
})
