import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { type CgroupPaths, createCgroups } from '../../src/host/cgroup.ts'
import { unprivileged } from '../support/unprivileged.ts'

/** The folders of one container, filled with these files; on v1 a path begins with its controller. */
function container(t: Test, version: 1 | 2, files: Record<string, string>) {
  const root = t.testdir(version === 2 ? { 'cgroup.controllers': '' } : { pids: {}, memory: {} })
  const folder = (controller: string) => join(root, version === 2 ? 'docker/x' : `${controller}/docker/x`)
  const paths: CgroupPaths = {
    version,
    path: '/docker/x',
    pids: folder('pids'),
    memory: folder('memory'),
    cpu: folder('cpu'),
    cpuacct: folder('cpuacct'),
  }
  for (const [path, text] of Object.entries(files)) {
    const [controller = '', ...rest] = path.split('/')
    const file = version === 2 ? join(paths.pids, path) : join(folder(controller), ...rest)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const cgroups = createCgroups(root)
  return { cgroups, paths, read: () => cgroups.read(paths), processes: () => cgroups.processes(paths) }
}

const statV2 =
  'anon 1000\nfile 3000\nkernel 5\ninactive_anon 7\nactive_anon 993\ninactive_file 2500\nactive_file 500\n'
const statV1 =
  'cache 1\nrss 2\ninactive_file 3\ntotal_cache 3000\ntotal_rss 1000\ntotal_rss_huge 0\ntotal_inactive_file 2500\ntotal_active_file 500\n'

const statCpuV2 =
  'usage_usec 15000000\nuser_usec 12500000\nsystem_usec 2500000\nnr_periods 7\nnr_throttled 8\nthrottled_usec 2500000\n'

t.test('everything that v2 tells', async (t) => {
  const { read } = container(t, 2, {
    'pids.current': '74\n',
    'pids.max': '100\n',
    'pids.peak': '99\n',
    'pids.events': 'max 3\n',
    'memory.current': '8000\n',
    'memory.stat': statV2,
    'memory.max': '4294967296\n',
    'memory.swap.current': '700\n',
    'memory.peak': '9000\n',
    'memory.events': 'low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n',
    'cpu.stat': statCpuV2,
    'cpu.max': '150000 100000\n',
  })
  t.strictSame(read(), {
    pids: 74,
    pidsLimit: 100,
    pidsPeak: 99,
    pidsLimitHits: 3,
    memoryUsage: 8000,
    memoryWorkingSet: 5500,
    memoryAnon: 1000,
    memoryLimit: 4294967296,
    memorySwap: 700,
    memoryPeak: 9000,
    oomKills: 5,
    cpuTotal: 15,
    cpuUser: 12.5,
    cpuSystem: 2.5,
    cpuThrottled: 2.5,
    cpuLimit: 1.5,
  })
})

t.test('everything that v1 tells', async (t) => {
  const { read } = container(t, 1, {
    'pids/pids.current': '74\n',
    'pids/pids.max': '100\n',
    'pids/pids.events': 'max 3\n',
    'memory/memory.usage_in_bytes': '8000\n',
    'memory/memory.stat': statV1,
    'memory/memory.limit_in_bytes': '4294967296\n',
    'memory/memory.memsw.usage_in_bytes': '8700\n',
    'memory/memory.max_usage_in_bytes': '9000\n',
    'memory/memory.oom_control': 'oom_kill_disable 1\nunder_oom 2\noom_kill 5\n',
    'cpuacct/cpuacct.stat': 'user 1250\nsystem 250\n',
    'cpuacct/cpuacct.usage': '15000000000\n',
    'cpu/cpu.stat': 'nr_periods 7\nnr_throttled 8\nthrottled_time 2500000000\n',
    'cpu/cpu.cfs_quota_us': '150000\n',
    'cpu/cpu.cfs_period_us': '100000\n',
  })
  t.strictSame(read(), {
    pids: 74,
    pidsLimit: 100,
    pidsLimitHits: 3,
    memoryUsage: 8000,
    memoryWorkingSet: 5500,
    memoryAnon: 1000,
    memoryLimit: 4294967296,
    memorySwap: 700,
    memoryPeak: 9000,
    oomKills: 5,
    cpuTotal: 15,
    cpuUser: 12.5,
    cpuSystem: 2.5,
    cpuThrottled: 2.5,
    cpuLimit: 1.5,
  })
})

t.test('no limit is absent, whatever word the kernel has for it', async (t) => {
  const unlimited = container(t, 2, { 'pids.max': 'max\n', 'memory.max': 'max\n', 'pids.current': '1\n' })
  t.strictSame(unlimited.read(), { pids: 1 })
  for (const limit of [
    '9223372036854771712',
    '9223372036854775807',
    '18446744073709551615',
    '4611686018427387904',
  ]) {
    const old = container(t, 1, { 'pids/pids.max': 'max\n', 'memory/memory.limit_in_bytes': `${limit}\n` })
    t.strictSame(old.read(), {}, limit)
  }
  const large = container(t, 1, { 'memory/memory.limit_in_bytes': `${2 ** 50}\n` })
  t.strictSame(large.read(), { memoryLimit: 2 ** 50 }, 'a limit that is only large is one')
})

t.test('a CPU limit is a quota by its period; none is absent', async (t) => {
  const v2: [string, number | undefined][] = [
    ['max 100000\n', undefined],
    ['50000 100000\n', 0.5],
    ['400000 100000\n', 4],
    ['10000 20000\n', 0.5],
    ['max\n', undefined],
    ['', undefined],
    ['100000 0\n', undefined],
    ['100000\n', undefined],
  ]
  for (const [text, cores] of v2) {
    t.equal(container(t, 2, { 'cpu.max': text }).read().cpuLimit, cores, JSON.stringify(text))
  }
  const v1: [string | undefined, string | undefined, number | undefined][] = [
    ['-1\n', '100000\n', undefined],
    ['50000\n', '100000\n', 0.5],
    ['250000\n', '100000\n', 2.5],
    ['50000\n', undefined, undefined],
    [undefined, '100000\n', undefined],
  ]
  for (const [quota, period, cores] of v1) {
    const files = {
      ...(quota !== undefined && { 'cpu/cpu.cfs_quota_us': quota }),
      ...(period !== undefined && { 'cpu/cpu.cfs_period_us': period }),
    }
    t.equal(container(t, 1, files).read().cpuLimit, cores, `${quota} by ${period}`)
  }
})

t.test('swap: its own file on v2, what is beyond memory on v1', async (t) => {
  t.equal(container(t, 2, { 'memory.swap.current': '0\n' }).read().memorySwap, 0)
  const v1 = (usage: string | undefined, both: string | undefined): number | undefined =>
    container(t, 1, {
      ...(usage !== undefined && { 'memory/memory.usage_in_bytes': usage }),
      ...(both !== undefined && { 'memory/memory.memsw.usage_in_bytes': both }),
    }).read().memorySwap
  t.equal(v1('500\n', '800\n'), 300)
  t.equal(v1('500\n', '500\n'), 0)
  t.equal(v1('500\n', '400\n'), 0, 'the two files are not read at one moment')
  t.equal(v1('500\n', undefined), undefined, 'swap is not accounted')
  t.equal(v1(undefined, '800\n'), undefined)
})

t.test('limits of memory with swap, and reservations', async (t) => {
  const v2 = (files: Record<string, string>) => container(t, 2, files).read()
  t.strictSame(v2({ 'memory.max': '4000\n', 'memory.swap.max': '1000\n', 'memory.low': '500\n' }), {
    memoryLimit: 4000,
    memorySwapLimit: 5000,
    memoryReservation: 500,
  })
  t.strictSame(v2({ 'memory.max': '4000\n', 'memory.swap.max': '0\n' }), {
    memoryLimit: 4000,
    memorySwapLimit: 4000,
  })
  t.strictSame(v2({ 'memory.max': '4000\n', 'memory.swap.max': 'max\n' }), { memoryLimit: 4000 })
  t.strictSame(v2({ 'memory.max': 'max\n', 'memory.swap.max': '0\n', 'memory.low': '0\n' }), {}, 'none')
  const v1 = (memsw: string, soft: string) =>
    container(t, 1, {
      'memory/memory.memsw.limit_in_bytes': memsw,
      'memory/memory.soft_limit_in_bytes': soft,
    }).read()
  t.strictSame(v1('5000\n', '500\n'), { memorySwapLimit: 5000, memoryReservation: 500 })
  t.strictSame(v1('9223372036854771712\n', '9223372036854771712\n'), {})
})

t.test('file cache that must be written before it can go', async (t) => {
  const v2 = (stat: string) => container(t, 2, { 'memory.stat': stat }).read().memoryDirty
  t.equal(v2('file_dirty 300\nfile_writeback 20\n'), 320)
  t.equal(v2('file_dirty 300\n'), undefined, 'not known when a part of it is not')
  const v1 = container(t, 1, { 'memory/memory.stat': 'dirty 1\ntotal_dirty 300\ntotal_writeback 20\n' })
  t.equal(v1.read().memoryDirty, 320, 'with all that is below')
})

t.test('OOM kills: not those that were only near, nor those of a group', async (t) => {
  t.equal(container(t, 2, { 'memory.events': 'oom 4\noom_kill 0\noom_group_kill 6\n' }).read().oomKills, 0)
  t.equal(container(t, 2, { 'memory.events': 'oom 4\n' }).read().oomKills, undefined, 'before kernel 4.13')
  const old = container(t, 1, { 'memory/memory.oom_control': 'oom_kill_disable 1\nunder_oom 1\n' })
  t.equal(old.read().oomKills, undefined)
})

t.test('each file of CPU that is missing leaves out its own field', async (t) => {
  t.strictSame(container(t, 2, { 'cpu.stat': 'usage_usec 3000000\nuser_usec 1000000\n' }).read(), {
    cpuTotal: 3,
    cpuUser: 1,
  })
  t.strictSame(container(t, 1, { 'cpuacct/cpuacct.stat': 'user 100\nsystem 50\n' }).read(), {
    cpuUser: 1,
    cpuSystem: 0.5,
  })
  t.strictSame(container(t, 1, { 'cpu/cpu.stat': 'nr_periods 0\nthrottled_time 0\n' }).read(), {
    cpuThrottled: 0,
  })
})

t.test('zero is a value', async (t) => {
  const { read } = container(t, 2, {
    'pids.current': '0\n',
    'pids.max': '0\n',
    'pids.events': 'max 0\n',
    'memory.current': '0\n',
    'memory.stat': 'anon 0\ninactive_file 0\n',
    'memory.max': '0\n',
  })
  t.strictSame(read(), {
    pids: 0,
    pidsLimit: 0,
    pidsLimitHits: 0,
    memoryUsage: 0,
    memoryWorkingSet: 0,
    memoryAnon: 0,
    memoryLimit: 0,
  })
})

t.test('files that an older kernel does not have leave out their field and no other', async (t) => {
  const all = { 'pids.current': '7\n', 'pids.max': '9\n', 'memory.current': '50\n', 'memory.max': '60\n' }
  t.strictSame(container(t, 2, all).read(), {
    pids: 7,
    pidsLimit: 9,
    memoryUsage: 50,
    memoryWorkingSet: 50,
    memoryLimit: 60,
  })
  t.strictSame(container(t, 2, {}).read(), {}, 'nothing at all')
  t.strictSame(
    container(t, 2, { 'memory.stat': statV2 }).read(),
    { memoryAnon: 1000 },
    'no usage, no working set',
  )
})

t.test('working set is never below zero', async (t) => {
  const { read } = container(t, 2, { 'memory.current': '100\n', 'memory.stat': 'inactive_file 200\n' })
  t.equal(read().memoryWorkingSet, 0)
})

t.test('what is no number is absent', async (t) => {
  for (const text of ['', '\n', '-1\n', 'nan\n', '1 2\n', '0x10\n']) {
    t.strictSame(container(t, 2, { 'pids.current': text }).read(), {}, JSON.stringify(text))
  }
})

t.test('events of newer kernels have more lines', async (t) => {
  const { read } = container(t, 2, { 'pids.events': 'fork 9\nmax 12\nmax.imposed 5\n' })
  t.equal(read().pidsLimitHits, 12)
})

t.test('what limits further down refuse is not this limit', async (t) => {
  const files = { 'pids.events': 'max 7\n', 'pids.events.local': 'max 2\n' }
  t.equal(container(t, 2, files).read().pidsLimitHits, 2)
})

t.test('processes of the cgroup and of everything below it', async (t) => {
  for (const version of [1, 2] as const) {
    const at = version === 2 ? '' : 'pids/'
    const { processes } = container(t, version, {
      [`${at}cgroup.procs`]: '10\n11\n',
      [`${at}init/cgroup.procs`]: '12\n',
      [`${at}docker/inner/cgroup.procs`]: '13\n14\n',
      [`${at}docker/cgroup.procs`]: '',
      [`${at}system.slice/a.service/deep/er/cgroup.procs`]: '4194304\n',
    })
    const reading = processes()
    t.equal(reading.kind, 'value')
    if (reading.kind !== 'value') return
    t.strictSame(
      [...reading.value].sort((a, b) => a - b),
      [10, 11, 12, 13, 14, 4194304],
      `v${version}`,
    )
  }
})

t.test('docker-in-docker: nothing in the cgroup itself, all of it below', async (t) => {
  const { processes } = container(t, 2, {
    'cgroup.procs': '',
    'init/cgroup.procs': '5\n',
    'docker/a/cgroup.procs': '6\n',
  })
  t.match(processes(), { kind: 'value', value: { length: 2 } })
})

t.test('empty and gone are not the same', async (t) => {
  t.strictSame(container(t, 2, { 'cgroup.procs': '' }).processes(), { kind: 'value', value: [] })
  t.strictSame(container(t, 2, {}).processes(), { kind: 'gone' })
  t.strictSame(container(t, 1, { 'memory/memory.stat': '' }).processes(), { kind: 'gone' })
})

t.test('the list is read whole over many pages', async (t) => {
  const pids = Array.from({ length: 5000 }, (_, index) => 100 + index * 7)
  const half = pids.length / 2
  const lines = (from: number, to: number): string =>
    pids
      .slice(from, to)
      .map((pid) => `${pid}\n`)
      .join('')
  t.ok(lines(0, pids.length).length > 6 * 4096)
  const flat = container(t, 2, { 'cgroup.procs': lines(0, pids.length) })
  t.strictSame(flat.processes(), { kind: 'value', value: pids })
  const split = container(t, 2, {
    'cgroup.procs': lines(0, half),
    'below/cgroup.procs': lines(half, pids.length),
  })
  t.strictSame(split.processes(), { kind: 'value', value: pids }, 'and none is lost between two files')
})

t.test('0 stands for a process that cannot be seen, and is handed on', async (t) => {
  t.strictSame(container(t, 2, { 'cgroup.procs': '0\n0\n17\n' }).processes(), {
    kind: 'value',
    value: [0, 0, 17],
  })
})

t.test('a list that cannot be read is no empty list', async (t) => {
  const failed = container(t, 2, { 'cgroup.procs/not-a-file': '' })
  t.match(failed.processes(), { kind: 'failed', detail: /EISDIR/ })
})

t.test('a list that may not be read is denied', async (t) => {
  const { processes, paths } = container(t, 2, { 'cgroup.procs': '1\n' })
  chmodSync(join(paths.pids, 'cgroup.procs'), 0o000)
  t.match(unprivileged(processes), { kind: 'denied', detail: /EACCES/ })
})

t.test('a threaded cgroup below does not hide the others', async (t) => {
  // The kernel answers EOPNOTSUPP there; a folder in the place of the file fails as surely.
  const { processes } = container(t, 2, {
    'cgroup.procs': '1\n',
    'a-threaded/cgroup.procs/not-a-file': '',
    'b/cgroup.procs': '2\n',
  })
  t.strictSame(processes(), { kind: 'value', value: [1, 2] })
})
