import { closeSync, existsSync, openSync, realpathSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, uptime } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createProcfs, ticksPerSecond } from '../../src/host/procfs.ts'
import { valueIn } from '../../src/host/reading.ts'
import { startChild, startNode, startZombie } from '../support/children.ts'
import { unprivileged } from '../support/unprivileged.ts'
import { until } from '../support/until.ts'

const procfs = createProcfs()
const idle = 'console.log("up"); setInterval(() => {}, 1e9)'
const value = <T>(given: T) => ({ kind: 'value', value: given })

t.test('this process', async (t) => {
  t.match(procfs.stat(process.pid), value({ pid: process.pid, ppid: process.ppid, state: 'R' }))
  const argv = valueIn(procfs.argv(process.pid))
  t.equal(argv?.at(-1)?.endsWith('procfs.real.test.ts'), true, 'the last argument is this file')
  t.strictSame(procfs.cwd(process.pid), value(process.cwd()))
  t.strictSame(procfs.uid(process.pid), value(process.geteuid?.()))
  t.match(procfs.cgroup(process.pid), value(/^\d+:.*:\//m))
  t.ok(Math.abs(procfs.uptime() - uptime()) < 60)
  const started = (valueIn(procfs.stat(process.pid))?.startTicks ?? Number.NaN) / ticksPerSecond
  t.ok(started > 0 && started <= procfs.uptime(), 'started since boot, and in the past')
})

t.test('capabilities go with the user', async (t) => {
  t.equal(
    unprivileged(() => procfs.ownCapabilities()),
    0n,
  )
  if (process.geteuid?.() === 0) t.ok((procfs.ownCapabilities() & (1n << 5n)) !== 0n, 'CAP_KILL of root')
})

t.test('a child: argv, directory, environment, parent, age', async (t) => {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), 'procfs (1) ')))
  t.teardown(() => rm(folder, { recursive: true }))
  const env = { TOKEN: 'a=b c', EMPTY: '' }
  const sleeper = await startChild(t, 'sleep', ['100000'], { argv0: 'odd name)', cwd: folder, env })
  await until('sleep was executed', () => valueIn(procfs.stat(sleeper.pid))?.comm === 'sleep', 10_000)
  t.match(procfs.stat(sleeper.pid), value({ ppid: process.pid, threads: 1, tty: 0 }))
  t.strictSame(procfs.argv(sleeper.pid), value(['odd name)', '100000']))
  t.strictSame(procfs.cwd(sleeper.pid), value(folder))
  const environ = valueIn(procfs.environ(sleeper.pid))
  for (const variable of ['EMPTY=', `PATH=${process.env.PATH}`, 'TOKEN=a=b c']) {
    t.ok(environ?.includes(variable), variable)
  }
  const own = valueIn(procfs.stat(process.pid))?.startTicks ?? Number.NaN
  t.ok((valueIn(procfs.stat(sleeper.pid))?.startTicks ?? 0) >= own, 'younger than its parent')
  await sleeper.end()
  t.strictSame(procfs.stat(sleeper.pid), { kind: 'gone' })
  t.strictSame(procfs.environ(sleeper.pid), { kind: 'gone' })
  t.strictSame(procfs.listens(sleeper.pid), { kind: 'gone' })
})

t.test('a title takes the place of argv and comm', async (t) => {
  const script = `process.title = 'npm exec @scope/server two'; ${idle}`
  const child = await startNode(t, script)
  t.strictSame(procfs.argv(child.pid), value(['npm exec @scope/server two']))
  t.match(procfs.stat(child.pid), value({ comm: 'npm exec @scope' }))
})

t.test('comm with a parenthesis and a line break', async (t) => {
  const child = await startNode(t, `process.title = 'a) R 1\\n(b'; ${idle}`)
  t.match(procfs.stat(child.pid), value({ comm: 'a) R 1\n(b', ppid: process.pid }))
})

t.test('a zombie has a state and no argv', async (t) => {
  const { pid, parent } = await startZombie(t)
  t.match(procfs.stat(pid), value({ ppid: parent, comm: 'sleep' }))
  t.strictSame(procfs.argv(pid), value([]))
  const children = procfs.children(parent)
  // A kernel without CONFIG_PROC_CHILDREN says so.
  if (existsSync(`/proc/${pid}/task/${pid}/children`))
    t.strictSame(children, value([pid]), 'and its parent has it')
  else t.strictSame(children, { kind: 'gone' })
})

t.test('children of this process, and open files', async (t) => {
  if (!existsSync(`/proc/self/task/${process.pid}/children`)) return t.plan(0, 'the kernel lists no children')
  const children = (): readonly number[] | undefined => valueIn(procfs.children(process.pid))
  const before = children()
  const [one, two] = [await startChild(t, 'sleep', ['100000']), await startChild(t, 'sleep', ['100000'])]
  t.strictSame(
    children()
      ?.filter((pid) => !before?.includes(pid))
      .toSorted(),
    [one.pid, two.pid].toSorted(),
  )
  t.strictSame(procfs.children(one.pid), value([]))
  t.ok((valueIn(procfs.openFds(one.pid)) ?? 0) >= 3, 'in, out and err')
  await one.end()
  await two.end()
  t.notOk(children()?.includes(one.pid))
  t.strictSame(procfs.children(one.pid), { kind: 'gone' })
  t.strictSame(procfs.openFds(one.pid), { kind: 'gone' })
  const files = valueIn(procfs.openFds(process.pid)) ?? 0
  const fd = openSync('/dev/null', 'r')
  t.equal(valueIn(procfs.openFds(process.pid)), files + 1)
  closeSync(fd)
  t.equal(valueIn(procfs.openFds(process.pid)), files)
})

t.test('who listens', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'listens-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const server = (where: string) =>
    `require('node:net').createServer().listen(${where}, () => console.log('up'))`
  const table: [string, string, boolean][] = [
    ['on TCP', server("0, '127.0.0.1'"), true],
    ['on a Unix socket', server(JSON.stringify(join(folder, 'x.sock'))), true],
    ['on an abstract Unix socket', server(JSON.stringify(`\0procfs-test-${process.pid}`)), true],
    ['on UDP only', `require('node:dgram').createSocket('udp4').bind(0, () => console.log('up'))`, false],
    ['on nothing', idle, false],
  ]
  for (const [what, script, expected] of table) {
    const child = await startNode(t, script)
    t.strictSame(procfs.listens(child.pid), value(expected), what)
    await child.end()
  }
})

t.test('who listened once and is a client now does not listen', async (t) => {
  const script = `
    const net = require('node:net')
    const server = net.createServer(() => server.close()).listen(0, '127.0.0.1', () => {
      net.connect(server.address().port, '127.0.0.1', () => console.log('up'))
    })`
  const child = await startNode(t, script)
  await until('the listener is closed', () => valueIn(procfs.listens(child.pid)) === false, 10_000)
  t.match(valueIn(procfs.stat(child.pid))?.state, /[RS]/, 'and it still runs')
})

t.test('processes of others are denied without privileges', async (t) => {
  if (process.geteuid?.() !== 0) return t.plan(0, 'only root can give its privileges away')
  const child = await startNode(t, idle)
  for (const reading of ['environ', 'cwd', 'listens', 'openFds'] as const) {
    t.match(
      unprivileged(() => procfs[reading](child.pid)),
      { kind: 'denied', detail: /EACCES/ },
      reading,
    )
  }
  t.match(
    unprivileged(() => procfs.stat(child.pid)),
    { kind: 'value' },
    'stat is open to all',
  )
})
