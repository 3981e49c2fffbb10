import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CgroupPaths, createCgroups } from '../../src/host/cgroup.ts'
import { createProcfs } from '../../src/host/procfs.ts'
import { errorMessage, take, valueIn } from '../../src/host/reading.ts'
import { startChild } from '../support/children.ts'
import { until } from '../support/until.ts'

const root = '/sys/fs/cgroup'
const cgroups = createCgroups(root)
const procfs = createProcfs()

t.test('the cgroup of this process', async (t) => {
  const text = valueIn(procfs.cgroup(process.pid)) ?? ''
  const line = cgroups.version === 2 ? /^0::(.*)$/m : /^\d+:(?:[^:]*,)?pids(?:,[^:]*)?:(.*)$/m
  const path = line.exec(text)?.[1]
  const pids = `${root}${cgroups.version === 2 ? '' : '/pids'}${path}`
  if (path === undefined || !existsSync(join(pids, 'cgroup.procs'))) {
    return t.plan(0, `the cgroup of this process cannot be read: ${JSON.stringify(text)}`)
  }
  const paths: CgroupPaths = {
    version: cgroups.version,
    path,
    pids,
    memory: pids,
    cpu: pids,
    cpuacct: pids,
  }
  const found = valueIn(cgroups.processes(paths))
  t.ok(found?.includes(process.pid), 'this process is in it')
  const child = await startChild(t, 'sleep', ['100000'])
  t.ok(valueIn(cgroups.processes(paths))?.includes(child.pid), 'and a child is')
  await child.end()
  t.notOk(valueIn(cgroups.processes(paths))?.includes(child.pid), 'until it has ended')
  t.equal(new Set(found).size, found?.length, 'no process twice')
})

/** A cgroup of our own on this machine, named like that of a container; undefined where none can be made. */
function makeCgroup(t: Test): { id: string; folders: string[]; remove(): void } | undefined {
  const id = randomBytes(32).toString('hex')
  const controllers = ['pids', 'cpuacct', 'cpu', 'memory']
  const parents = cgroups.version === 2 ? [root] : controllers.map((controller) => join(root, controller))
  const folders = parents.map((parent) => join(parent, `pidwarden-test-${id}`))
  const remove = (): void => {
    for (const folder of folders.flatMap((each) => [join(each, 'below'), each])) {
      if (existsSync(folder)) rmdirSync(folder)
    }
  }
  // EBUSY until the last process has really ended.
  const removed = (): boolean => take(remove).kind === 'value'
  t.teardown(() => until('the cgroup is removed', removed, 10_000))
  try {
    // Where cpu and cpuacct are one hierarchy the second is there with the first.
    for (const folder of folders) mkdirSync(folder, { recursive: true })
    if (!existsSync(join(folders[0] ?? '', 'pids.max'))) throw new Error('the pids controller is not enabled')
  } catch (error) {
    t.plan(0, `no cgroup can be made here: ${errorMessage(error)}`)
    return undefined
  }
  return { id, folders, remove }
}

/** One and a half cores. */
function limitCpu(folder: string): void {
  const files: [string, string][] =
    cgroups.version === 2
      ? [['cpu.max', '150000 100000']]
      : [
          ['cpu.cfs_period_us', '100000'],
          ['cpu.cfs_quota_us', '150000'],
        ]
  for (const [file, text] of files) writeFileSync(join(folder, file), text)
}

t.test('a cgroup of our own: limits, hits, processes at any depth, gone', async (t) => {
  const made = makeCgroup(t)
  if (made === undefined) return
  const { id, folders, remove } = made
  const [folder = ''] = folders
  const below = join(folder, 'below')
  const child = await startChild(t, 'sleep', ['100000'])
  for (const each of folders) writeFileSync(join(each, 'cgroup.procs'), String(child.pid))
  mkdirSync(below)

  const paths = valueIn(cgroups.resolve(readFileSync(`/proc/${child.pid}/cgroup`, 'utf8'), id))
  t.equal(paths?.pids, folder)
  t.equal(paths?.memory, folders.at(-1))
  t.equal(paths?.cpu, folders.at(-2) ?? folder)
  t.equal(paths?.cpuacct, folders[1] ?? folder)
  if (paths === undefined) return
  t.strictSame(cgroups.processes(paths), { kind: 'value', value: [child.pid] })
  const before = cgroups.read(paths)
  t.match(before, { pids: 1, pidsLimitHits: 0 })
  t.equal(before.pidsLimit, undefined, 'no limit yet')
  t.equal(before.memoryLimit, undefined)
  t.type(before.memoryUsage, 'number')
  t.equal(before.cpuLimit, undefined)
  t.equal(before.oomKills ?? 0, 0)
  for (const seconds of [before.cpuUser, before.cpuSystem]) t.ok(seconds !== undefined && seconds >= 0)
  limitCpu(folders.at(-2) ?? folder)
  t.equal(cgroups.read(paths).cpuLimit, 1.5)

  const second = await startChild(t, 'sleep', ['100000'])
  writeFileSync(join(folder, 'pids.max'), '2')
  writeFileSync(join(below, 'cgroup.procs'), String(second.pid))
  t.strictSame(
    valueIn(cgroups.processes(paths))?.toSorted(),
    [child.pid, second.pid].toSorted(),
    'one of them below',
  )
  t.equal(cgroups.read(paths).pidsLimit, 2)

  await child.end()
  await second.end()
  await until('the cgroup is empty', () => valueIn(cgroups.processes(paths))?.length === 0, 10_000)
  t.strictSame(cgroups.processes(paths), { kind: 'value', value: [] })
  remove()
  t.strictSame(cgroups.processes(paths), { kind: 'gone' })
  t.strictSame(cgroups.read(paths), {})
})

t.test('a refused fork is counted', async (t) => {
  const made = makeCgroup(t)
  if (made === undefined) return
  const { id, folders } = made
  const [folder = ''] = folders
  // Waits for a byte before it forks, so that it does so inside of the cgroup; then it stays.
  const script = `
    process.stdin.once('data', () => {
      require('node:child_process').spawn('true').on('error', () => console.log('refused'))
    })
    console.log('up')`
  const child = await startChild(t, process.execPath, ['-e', script], { ready: true, stdin: true })
  for (const each of folders) writeFileSync(join(each, 'cgroup.procs'), String(child.pid))
  const paths = valueIn(cgroups.resolve(valueIn(procfs.cgroup(child.pid)) ?? '', id))
  if (paths === undefined) throw new Error('the cgroup was not found')
  const { pids = 0 } = cgroups.read(paths)
  t.ok(pids > 1, 'threads count')
  t.strictSame(cgroups.processes(paths), { kind: 'value', value: [child.pid] }, 'processes are fewer')
  writeFileSync(join(folder, 'pids.max'), String(pids))
  child.process.stdin?.write('go')
  await until('the kernel counts it', () => (cgroups.read(paths).pidsLimitHits ?? 0) > 0, 10_000)
  t.match(cgroups.read(paths), { pidsLimit: pids, pids })
  await child.end()
})
