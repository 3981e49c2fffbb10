import t, { type Test } from 'tap'
import { missingSurroundings } from '../../src/host/environment.ts'

const ptrace = 'CapEff:\t0000000000080000\n'
const nothing = 'CapEff:\t0000000000000000\n'

type Folder = NonNullable<Parameters<Test['testdir']>[0]>

/** What is missing with this cgroup mount and a /proc that hides nothing, or is mounted with these options. */
function missing(cgroup: Folder | undefined, options = 'rw,nosuid', status = nothing): string[] {
  const root = t.testdir({ ...(cgroup && { cgroup }), proc: { self: { status } } })
  const line = `22 28 0:21 / ${root}/proc ${options} shared:12 - proc proc ${options}\n`
  t.testdir({
    ...(cgroup && { cgroup }),
    proc: { self: { status, mountinfo: `21 28 0:20 / /sys rw - sysfs s rw\n${line}` } },
  })
  return missingSurroundings(`${root}/proc`, `${root}/cgroup`).map(({ name, consequence }) => {
    t.match(consequence, /\w{3}/, name)
    return name.replaceAll(root, '')
  })
}

t.test('nothing is missing', async (t) => {
  t.strictSame(missing({ 'cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n' }), [])
  t.strictSame(missing({ pids: {}, memory: {}, cpu: {}, cpuacct: {}, unified: {} }), [])
})

t.test('a controller that is not there is named', async (t) => {
  t.strictSame(missing({ 'cgroup.controllers': 'cpuset cpu io pids\n' }), ['cgroup controller memory'])
  t.strictSame(missing({ pids: {}, cpuacct: {} }), ['cgroup controller memory', 'cgroup controller cpu'])
  const all = ['cgroup controller pids', 'cgroup controller memory', 'cgroup controller cpu']
  t.strictSame(missing({ 'cgroup.controllers': '' }), all)
  t.strictSame(missing({}), all)
})

t.test('no cgroup tree at all is one thing that is missing', async (t) => {
  t.strictSame(missing(undefined), ['cgroup tree /cgroup'])
})

t.test('a /proc that hides processes, unless they may be seen all the same', async (t) => {
  const cgroup = { 'cgroup.controllers': 'cpu memory pids\n' }
  for (const hidepid of ['1', '2', '4', 'noaccess', 'invisible', 'ptraceable']) {
    const options = `rw,nosuid,hidepid=${hidepid}`
    t.strictSame(missing(cgroup, options), ['/proc is mounted with hidepid'], hidepid)
    t.strictSame(missing(cgroup, options, ptrace), [], `${hidepid}, with CAP_SYS_PTRACE`)
  }
  for (const hidepid of ['0', 'off']) t.strictSame(missing(cgroup, `rw,hidepid=${hidepid}`), [], hidepid)
})

t.test('another /proc that hides processes does not matter', async (t) => {
  const root = t.testdir({
    cgroup: { 'cgroup.controllers': 'cpu memory pids\n' },
    proc: {
      self: { status: nothing, mountinfo: '22 28 0:21 / /elsewhere/proc rw - proc proc rw,hidepid=2\n' },
    },
  })
  t.strictSame(missingSurroundings(`${root}/proc`, `${root}/cgroup`), [])
})
