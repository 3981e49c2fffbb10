import t from 'tap'
import { ProcessMemory } from '../../src/census/remember.ts'
import type { Procfs, ProcStat } from '../../src/host/procfs.ts'
import type { Reading } from '../../src/host/reading.ts'
import { processOf } from '../support/process-trees.ts'

const value = <T>(given: T): Reading<T> => ({ kind: 'value', value: given })

/** One process, 7, whose files can be changed, and a memory of it. */
function start() {
  const files = {
    argv: value<readonly string[]>(['node', '/srv/a.js']),
    cwd: value('/app'),
    uid: value(0),
    environ: value<readonly string[]>(['KEY=1']),
  }
  const reads: string[] = []
  const none: Reading<never> = { kind: 'failed', detail: 'not to be read' }
  const file =
    <K extends keyof typeof files>(name: K) =>
    (pid: number): (typeof files)[K] => {
      reads.push(`${name} ${pid}`)
      return files[name]
    }
  const procfs: Procfs = {
    argv: file('argv'),
    cwd: file('cwd'),
    uid: file('uid'),
    environ: file('environ'),
    stat: () => none,
    children: () => none,
    openFds: () => none,
    networkNamespace: () => none,
    cgroup: () => none,
    listens: () => none,
    sockets: () => none,
    privateMemory: () => none,
    io: () => none,
    uptime: () => 1000,
    ownCapabilities: () => 0n,
  }
  const memory = new ProcessMemory(procfs)
  memory.begin()
  const stat = (comm = 'node', startTicks = 100, ppid = 1): ProcStat => ({
    ...processOf({ pid: 7, ppid, argv: [], comm, start: startTicks }),
  })
  return {
    files,
    memory,
    stat,
    /** What was read since the last call. */
    read: (): string[] => reads.splice(0),
    /** The argv of the process at that age, and whether it is new. */
    look(age = 900, { comm = 'node', startTicks = 100, ppid = 1, fresh = false } = {}) {
      const seen = memory.see(stat(comm, startTicks, ppid), startTicks / 100 + age, fresh)
      return seen && { argv: seen.process.argv, started: seen.started }
    },
  }
}

t.test('argv is read once, and the first time is a start', async (t) => {
  const { look, read } = start()
  t.strictSame(look(), { argv: ['node', '/srv/a.js'], started: true })
  t.strictSame(read(), ['argv 7'])
  t.strictSame(look(), { argv: ['node', '/srv/a.js'], started: false })
  t.strictSame(look(), { argv: ['node', '/srv/a.js'], started: false })
  t.strictSame(read(), [])
})

t.test(
  'a process in which nothing changed is the same object, and another one when anything did',
  async (t) => {
    const { memory, stat } = start()
    const seen = (given: Partial<ProcStat> = {}) => memory.see({ ...stat(), ...given }, 900, false)?.process
    seen()
    const before = seen()
    t.ok(before)
    t.equal(seen(), before)
    const changes = { ppid: 9, state: 'R', threads: 7, rssPages: 7, cpuTicks: 7, pgrp: 8, session: 8, tty: 8 }
    for (const [key, value] of Object.entries(changes)) {
      const after = seen({ [key]: value })
      t.strictSame(after, { ...before, [key]: value }, key)
      t.equal(seen({ [key]: value }), after)
      t.strictSame(seen(), before, 'and back again')
    }
  },
)

t.test('since when a process has not run, as far as was seen', async (t) => {
  const { memory, stat } = start()
  const look = (uptime: number, given: Partial<ProcStat> = {}, fresh = false) =>
    memory.see({ ...stat(), ...given }, uptime, fresh)?.process.quietSince
  t.equal(look(900), 900, 'the first look knows no earlier one')
  t.equal(look(905), 900)
  t.equal(look(910, {}, true), 900, 'nor is it forgotten when all is read again')
  t.equal(look(915, { rssPages: 7 }), 900, 'memory can be taken from who does not run')
  t.equal(look(920, { cpuTicks: 1 }), 920)
  t.equal(look(925, { cpuTicks: 1 }), 920)
  t.equal(look(930, { cpuTicks: 1, comm: 'sh' }), 930, 'to execute another program it has run')
  t.equal(look(935, { cpuTicks: 1, comm: 'sh', startTicks: 101 }), 935, 'another process')
  const young = start()
  const seen = (uptime: number) => young.memory.see(young.stat(), uptime, false)?.process.quietSince
  t.same([seen(1), seen(1.5), seen(9)], [1, 1, 1], 'one that is too young to be remembered as well')
})

t.test('another start time is another process', async (t) => {
  const { files, look } = start()
  look()
  files.argv = value(['node', '/srv/b.js'])
  t.strictSame(look(900, { startTicks: 101 }), { argv: ['node', '/srv/b.js'], started: true })
})

t.test('a changed comm is an exec: read again, and no start', async (t) => {
  const { files, look } = start()
  look()
  files.argv = value(['sleep', '9'])
  t.strictSame(look(900, { comm: 'sleep' }), { argv: ['sleep', '9'], started: false })
})

t.test('a fresh look reads again', async (t) => {
  const { files, look, read } = start()
  look()
  files.argv = value(['node', '/srv/b.js'])
  t.strictSame(look(900, { fresh: true }), { argv: ['node', '/srv/b.js'], started: false })
  read()
  t.strictSame(look()?.argv, ['node', '/srv/b.js'])
  t.strictSame(read(), [])
})

t.test('an empty argv is read again until there is one', async (t) => {
  const { files, look, read } = start()
  files.argv = value([])
  t.strictSame(look(), { argv: [], started: true })
  t.strictSame(look(), { argv: [], started: false })
  files.argv = value(['node', '/srv/a.js'])
  t.strictSame(look()?.argv, ['node', '/srv/a.js'])
  read()
  look()
  t.strictSame(read(), [])
})

t.test('who has just been forked is read again: it may still look like its parent', async (t) => {
  const { files, look, read } = start()
  files.argv = value(['node', '/app/gateway.js'])
  t.strictSame(look(0), { argv: ['node', '/app/gateway.js'], started: true })
  // It executes the program it was forked for; that happens to have the name of the parent.
  files.argv = value(['node', '/srv/server.js'])
  t.strictSame(look(1.5), { argv: ['node', '/srv/server.js'], started: false })
  t.strictSame(look(2), { argv: ['node', '/srv/server.js'], started: false })
  t.strictSame(look(2.01), { argv: ['node', '/srv/server.js'], started: false })
  t.equal(read().length, 4)
  t.strictSame(look(2.5)?.argv, ['node', '/srv/server.js'])
  t.strictSame(read(), [], 'then it is what it is')
})

t.test('a process that has ended is none; what cannot be read is there without an argv', async (t) => {
  const { files, look } = start()
  files.argv = { kind: 'gone' }
  t.equal(look(), undefined)
  files.argv = { kind: 'denied', detail: 'EACCES' }
  t.strictSame(look(), { argv: [], started: true })
  files.argv = { kind: 'failed', detail: 'EIO' }
  t.strictSame(look(), { argv: [], started: false })
})

t.test('whom no census has seen since is forgotten', async (t) => {
  const { memory, look, read } = start()
  look()
  const second = memory.begin()
  look()
  memory.forgetBefore(second)
  t.equal(look()?.started, false)
  memory.forgetBefore(memory.begin())
  read()
  t.equal(look()?.started, true)
  t.strictSame(read(), ['argv 7'])
})

t.test('command and identity are told once, and again after an exec', async (t) => {
  const { files, memory, look, read } = start()
  const process = () => processOf({ pid: 7, ppid: 1, start: 100, argv: look()?.argv ?? [] })
  const one = process()
  const [command, identity] = [memory.command(one), memory.identity(one)]
  t.match(command, { label: 'node a.js', launcher: false })
  t.equal(identity.kind, 'known')
  read()
  const again = process()
  t.equal(memory.command(again), command)
  t.equal(memory.identity(again), identity)
  t.strictSame(read(), [])
  files.argv = value(['node', '/srv/b.js'])
  look(900, { fresh: true })
  const other = process()
  t.match(memory.command(other), { label: 'node b.js' })
  t.notSame(memory.identity(other), identity)
})

t.test('an identity that could not be read is tried again, a known one is not', async (t) => {
  const { files, memory, look, read } = start()
  const process = processOf({ pid: 7, ppid: 1, start: 100, argv: look()?.argv ?? [] })
  files.environ = { kind: 'denied', detail: 'EACCES' }
  t.strictSame(memory.identity(process), { kind: 'uncertain', reason: 'environ: denied' })
  files.environ = value(['KEY=1'])
  t.equal(memory.identity(process).kind, 'known')
  read()
  memory.identity(process)
  t.strictSame(read(), [])
})

t.test('a script that is named relative to its directory is another program in another one', async (t) => {
  const program = (argv: readonly string[], cwd: Reading<string>): string => {
    const { files, memory, look } = start()
    Object.assign(files, { argv: value(argv), cwd })
    return memory.command(processOf({ pid: 7, ppid: 1, start: 100, argv: look()?.argv ?? [] })).program
  }
  const relative = ['node', 'dist/index.js']
  t.not(program(relative, value('/a')), program(relative, value('/b')))
  t.equal(program(relative, value('/a')), program(relative, value('/a')))
  const absolute = ['node', '/srv/index.js']
  t.equal(program(absolute, value('/a')), program(absolute, value('/b')))
  t.ok(program(relative, { kind: 'denied', detail: 'EACCES' }), 'where it cannot be read, the rest has to do')
})

t.test('a process that is not remembered can be described all the same', async (t) => {
  const { memory } = start()
  const process = processOf({ pid: 7, ppid: 1, argv: ['node', '/srv/a.js'] })
  t.match(memory.command(process), { label: 'node a.js' })
  t.equal(memory.identity(process).kind, 'known')
})

t.test('two memories have two keys', async (t) => {
  const process = processOf({ pid: 7, ppid: 1, argv: ['node', '/srv/a.js'] })
  t.notSame(start().memory.identity(process), start().memory.identity(process))
})

t.test('what a master forks by the whole path of its script is the same program', async (t) => {
  const { files, memory, look } = start()
  files.argv = value(['node', 'dist/cluster.js'])
  const master = memory.command(processOf({ pid: 7, ppid: 1, start: 100, argv: look()?.argv ?? [] }))
  const worker = memory.command(processOf({ pid: 8, ppid: 7, argv: ['node', '/app/dist/cluster.js'] }))
  t.equal(master.program, worker.program)
  t.not(
    memory.command(processOf({ pid: 9, ppid: 7, argv: ['node', '/srv/dist/cluster.js'] })).program,
    master.program,
  )
})

t.test('who was first seen below another parent was reparented, for as long as it lives', async (t) => {
  const { memory, look } = start()
  const below = (ppid: number, startTicks = 100) => processOf({ pid: 7, ppid, start: startTicks, argv: [] })
  t.equal(memory.reparented(below(1)), false, 'nobody has seen it')
  look(900, { ppid: 5 })
  t.equal(memory.reparented(below(5)), false)
  t.equal(memory.reparented(below(1)), true, 'also by what has just been read')
  look(900, { ppid: 1 })
  t.equal(memory.reparented(below(1)), true)
  look(900, { ppid: 1, fresh: true })
  t.equal(memory.reparented(below(1)), true, 'past a fresh look')
  look(900, { ppid: 1, comm: 'tool' })
  t.equal(memory.reparented(below(1)), true, 'past an exec')
  look(900, { ppid: 1, startTicks: 101 })
  t.equal(memory.reparented(below(1, 101)), false, 'another process of the same pid')
})
