import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { createProcfs } from '../../src/host/procfs.ts'
import { errorMessage, take, valueIn } from '../../src/host/reading.ts'
import { createSignals } from '../../src/host/signal.ts'
import { startChild, startNode, startZombie } from '../support/children.ts'
import { unprivileged } from '../support/unprivileged.ts'

const signals = createSignals()
const procfs = createProcfs()
const pidMax = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'))

t.test('SIGTERM ends a child', async (t) => {
  const child = await startChild(t, 'sleep', ['100000'])
  const exit = once(child.process, 'exit')
  const handle = signals.open(child.pid)
  t.equal(handle?.pid, child.pid)
  t.equal(handle?.send('SIGTERM'), 'sent')
  t.strictSame(await exit, [null, 'SIGTERM'])
  handle?.close()
})

t.test('SIGKILL ends a child that does not care for SIGTERM', async (t) => {
  const child = await startNode(
    t,
    `process.on('SIGTERM', () => console.log('heard')); console.log('up'); setInterval(() => {}, 1e9)`,
  )
  const heard = once(child.process.stdout!, 'data')
  const exit = once(child.process, 'exit')
  const handle = signals.open(child.pid)
  t.equal(handle?.send('SIGTERM'), 'sent')
  t.match(String(await heard), 'heard')
  t.equal(handle?.send('SIGKILL'), 'sent')
  t.strictSame(await exit, [null, 'SIGKILL'])
  handle?.close()
})

t.test('SIGCHLD ends nobody and is heard', async (t) => {
  const child = await startNode(
    t,
    `process.on('SIGCHLD', () => console.log('heard')); console.log('up'); setInterval(() => {}, 1e9)`,
  )
  const heard = once(child.process.stdout!, 'data')
  const handle = signals.open(child.pid)
  t.equal(handle?.send('SIGCHLD'), 'sent')
  t.match(String(await heard), 'heard')
  t.equal(child.process.exitCode, null)
  handle?.close()
})

t.test('a process that ended after it was opened is gone, for every signal', async (t) => {
  const child = await startChild(t, 'sleep', ['100000'])
  const handle = signals.open(child.pid)
  await child.end()
  t.equal(handle?.send('SIGCHLD'), 'gone')
  t.equal(handle?.send('SIGTERM'), 'gone')
  t.equal(handle?.send('SIGKILL'), 'gone')
  handle?.close()
  t.equal(signals.open(child.pid), undefined, 'and it cannot be opened any more')
})

t.test('a pid that nobody has is undefined', async (t) => {
  t.equal(signals.open(pidMax + 1), undefined, 'beyond the largest')
  t.equal(signals.open(2 ** 30), undefined)
})

t.test('a zombie is still there: it takes signals and does not end', async (t) => {
  const { pid } = await startZombie(t)
  const handle = signals.open(pid)
  t.ok(handle, 'its pid is not free yet')
  handle?.send('SIGKILL')
  t.equal(valueIn(procfs.stat(pid))?.state, 'Z')
  handle?.close()
})

t.test('the handle stays with its process when the pid is given to another', async (t) => {
  const first = await startChild(t, 'sleep', ['100000'])
  const handle = signals.open(first.pid)
  t.teardown(() => handle?.close())
  await first.end()

  // The kernel hands out the pid after the last one. Anybody may take it before we do, so there is more than one try.
  for (let attempt = 0; attempt < 50; attempt++) {
    const wish = take(() => writeFileSync('/proc/sys/kernel/ns_last_pid', String(first.pid - 1)))
    if (wish.kind !== 'value')
      return t.plan(0, `the kernel does not let us choose a pid: ${JSON.stringify(wish)}`)
    const second = await startChild(t, 'sleep', ['100000'])
    if (second.pid !== first.pid) {
      await second.end()
      continue
    }
    t.equal(handle?.send('SIGKILL'), 'gone', 'the old handle')
    t.equal(procfs.stat(second.pid).kind, 'value')
    t.equal(second.process.signalCode, null, 'the new process lives on')
    const exit = once(second.process, 'exit')
    const fresh = signals.open(second.pid)
    t.equal(fresh?.send('SIGTERM'), 'sent', 'a new handle is for the new process')
    t.strictSame(await exit, [null, 'SIGTERM'])
    fresh?.close()
    return
  }
  t.plan(0, 'somebody else always took the pid')
})

t.test('what the kernel refuses is thrown, with what to do about it', async (t) => {
  for (const pid of [0, -1]) t.throws(() => signals.open(pid), { code: 'EINVAL', message: /pidfd_open\(/ })

  if (process.geteuid?.() !== 0) return t.plan(2, 'only root can give its privileges away')
  // Of another user, because a process may always signal those of its own real user.
  const child = await startChild(t, 'sleep', ['100000'], { uid: 1 })
  const handle = signals.open(child.pid)
  const attempt = unprivileged(() => {
    try {
      return handle?.send('SIGTERM')
    } catch (error) {
      return errorMessage(error)
    }
  })
  t.match(attempt, new RegExp(`pidfd_send_signal\\(${child.pid}, SIGTERM\\): EPERM .*CAP_KILL`))
  t.equal(handle?.send('SIGCHLD'), 'sent', 'nothing was sent, it is still there')
  handle?.close()
})

t.test('a closed handle leaves no descriptor behind', async (t) => {
  const open = (): number => readdirSync('/proc/self/fd').length
  signals.open(process.pid)?.close()
  const before = open()
  for (let i = 0; i < 100; i++) signals.open(process.pid)?.close()
  for (let i = 0; i < 100; i++) signals.open(pidMax + 1)
  t.equal(open(), before)
})
