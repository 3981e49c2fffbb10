import t, { type Test } from 'tap'
import { createCgroups } from '../../src/host/cgroup.ts'
import { valueIn } from '../../src/host/reading.ts'

const id = `ffffffffffff${'0123456789abcdef'.repeat(3)}aa11`
const other = '9'.repeat(64)

/** Text of /proc/<pid>/cgroup on v1: the controllers that matter, between others. */
const v1 = (pids: string, memory = pids): string =>
  `12:cpu,cpuacct:/cores/${id}\n9:name=systemd:${pids}\n8:pids:${pids}\n4:memory:${memory}\n0::/system.slice/containerd.service\n`

const v2 = (path: string): string => `0::${path}\n`

const mount = (t: Test, version: 1 | 2) =>
  createCgroups(
    t.testdir(version === 2 ? { 'cgroup.controllers': 'cpu memory pids\n' } : { pids: {}, memory: {} }),
  )

t.test('the version comes from the mount', async (t) => {
  t.equal(mount(t, 2).version, 2)
  t.equal(mount(t, 1).version, 1)
  t.equal(
    createCgroups(t.testdir({ unified: { 'cgroup.controllers': '' }, pids: {} })).version,
    1,
    'hybrid is v1',
  )
})

t.test('where the cgroup of a container is', async (t) => {
  const scope = `/system.slice/docker-${id}.scope`
  const user = `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope`
  const table: [string, 1 | 2, string, string][] = [
    ['v1, cgroupfs driver', 1, v1(`/docker/${id}`), `/docker/${id}`],
    ['v1, systemd driver', 1, v1(scope), scope],
    ['v2, cgroupfs driver', 2, v2(`/docker/${id}`), `/docker/${id}`],
    ['v2, systemd driver', 2, v2(scope), scope],
    ['v2, rootless', 2, v2(user), user],
    [
      'v2, cgroup-parent',
      2,
      v2(`/apps.slice/apps-web.slice/docker-${id}.scope`),
      `/apps.slice/apps-web.slice/docker-${id}.scope`,
    ],
    ['v1, cgroup-parent', 1, v1(`/my/parent/${id}`), `/my/parent/${id}`],
    ['v2, init moved into a child', 2, v2(`${scope}/init`), scope],
    ['v1, init moved into a child', 1, v1(`/docker/${id}/init.scope/deeper`), `/docker/${id}`],
    ['v2, systemd in the container', 2, v2(`${scope}/init.scope`), scope],
    ['a container in a container', 2, v2(`/docker/${other}/docker/${id}`), `/docker/${other}/docker/${id}`],
    ['the outer one of the two', 2, v2(`/docker/${id}/docker/${other}`), `/docker/${id}`],
    ['v2, a colon in the path', 2, v2(`/a:b/docker-${id}.scope`), `/a:b/docker-${id}.scope`],
    ['v1, a colon in the path', 1, v1(`/a:b/${id}`), `/a:b/${id}`],
    ['v1 that names more controllers in a line', 1, `3:pids,memory:/docker/${id}\n`, `/docker/${id}`],
    [
      'v1, the unified line leads elsewhere',
      1,
      `2:pids:/docker/${id}\n1:memory:/docker/${id}\n0::/docker/${other}\n`,
      `/docker/${id}`,
    ],
    ['podman', 2, v2(`/machine.slice/libpod-${id}.scope/container`), `/machine.slice/libpod-${id}.scope`],
    ['below a folder that is called so', 2, v2(`/..a/docker-${id}.scope`), `/..a/docker-${id}.scope`],
    [
      'kubernetes',
      2,
      v2(`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`),
      `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
    ],
  ]
  for (const [what, version, text, path] of table) {
    const cgroups = mount(t, version)
    const paths = valueIn(cgroups.resolve(text, id))
    t.match(paths, { version, path }, what)
    t.equal(paths?.path, path, what)
    t.equal(paths?.pids, version === 2 ? `${t.testdirName}${path}` : `${t.testdirName}/pids${path}`)
    t.equal(paths?.memory, version === 2 ? paths?.pids : `${t.testdirName}/memory${path}`)
    for (const controller of ['cpu', 'cpuacct'] as const) {
      const own = text.includes('cpu') ? `/cores/${id}` : path
      t.equal(
        paths?.[controller],
        version === 2 ? paths?.pids : `${t.testdirName}/${controller}${own}`,
        `${what}: ${controller}`,
      )
    }
  }
})

t.test('on v1 every controller has a path of its own', async (t) => {
  const paths = valueIn(mount(t, 1).resolve(v1(`/docker/${id}`, `/lxc/host/docker/${id}/below`), id))
  t.equal(paths?.pids, `${t.testdirName}/pids/docker/${id}`)
  t.equal(paths?.memory, `${t.testdirName}/memory/lxc/host/docker/${id}`)
  const apart = `5:cpuacct:/a/${id}\n4:cpu:/b/${id}\n3:cpuset:/c/${id}\n2:pids:/d/${id}\n1:memory:/e/${id}/below\n`
  t.match(valueIn(mount(t, 1).resolve(apart, id)), {
    path: `/d/${id}`,
    pids: `${t.testdirName}/pids/d/${id}`,
    memory: `${t.testdirName}/memory/e/${id}`,
    cpu: `${t.testdirName}/cpu/b/${id}`,
    cpuacct: `${t.testdirName}/cpuacct/a/${id}`,
  })
})

t.test('on v1 without a cgroup of a controller the path of pids stands in', async (t) => {
  const paths = valueIn(mount(t, 1).resolve(`8:pids:/docker/${id}\n`, id))
  for (const controller of ['memory', 'cpu', 'cpuacct'] as const)
    t.equal(paths?.[controller], `${t.testdirName}/${controller}/docker/${id}`)
})

t.test('a path that does not carry the id is a failure that says why', async (t) => {
  const table: [string, 1 | 2, string][] = [
    ['private cgroup namespace, at its root', 2, v2('/')],
    ['private cgroup namespace, a sibling', 2, v2(`/../docker-${id}.scope`)],
    ['private cgroup namespace, further away', 2, v2(`/../../docker/${id}`)],
    ['private cgroup namespace on v1', 1, v1(`/../${id}`)],
    ['another container', 2, v2(`/docker/${other}`)],
    ['the host', 2, v2('/user.slice/session-1.scope')],
    ['v1 without the controller', 1, `4:memory:/docker/${id}\n0::/docker/${id}\n`],
    ['a text of v1 on v2', 2, `4:pids:/docker/${id}\n1:name=systemd:/docker/${id}\n`],
    ['nothing', 2, ''],
    ['nonsense', 1, 'nonsense\n::\n'],
  ]
  for (const [what, version, text] of table) {
    const reading = mount(t, version).resolve(text, id)
    t.match(reading, { kind: 'failed', detail: /cgroup: host/ }, what)
    t.match(reading, { detail: id.slice(0, 12) }, `${what}: names the container`)
  }
})

t.test('where Docker runs in a container, the mount shows the lower part of the path only', async (t) => {
  const scope = `docker-${id}.scope`
  const found = (folders: Parameters<Test['testdir']>[0], version: 1 | 2, text: string) => {
    const root = t.testdir(folders ?? {})
    const paths = valueIn(createCgroups(root).resolve(text, id))
    return {
      ...paths,
      pids: paths?.pids.slice(root.length),
      memory: paths?.memory.slice(root.length),
      version,
    }
  }
  const v2Mount = { 'cgroup.controllers': '' }
  t.match(
    found({ ...v2Mount, docker: { [id]: {} } }, 2, v2(`/docker/${other}/docker/${id}`)),
    { path: `/docker/${other}/docker/${id}`, pids: `/docker/${id}`, memory: `/docker/${id}` },
    'v2',
  )
  t.match(
    found({ ...v2Mount, [scope]: {} }, 2, v2(`/system.slice/a.service/${scope}/init`)),
    { pids: `/${scope}` },
    'only the last folder is there',
  )
  t.match(
    found(
      { pids: { docker: { [id]: {} } }, memory: { x: { [id]: {} } } },
      1,
      v1(`/a/docker/${id}`, `/b/x/${id}`),
    ),
    { pids: `/pids/docker/${id}`, memory: `/memory/x/${id}` },
    'v1, each controller by itself',
  )
  t.match(
    found({ ...v2Mount, docker: { [other]: {} } }, 2, v2(`/docker/${other}/docker/${id}`)),
    { pids: `/docker/${other}/docker/${id}` },
    'where it cannot be found, the whole path is what fails',
  )
  t.match(
    found(
      { ...v2Mount, docker: { [id]: {}, [other]: { docker: { [id]: {} } } } },
      2,
      v2(`/docker/${other}/docker/${id}`),
    ),
    { pids: `/docker/${other}/docker/${id}` },
    'the whole path comes first',
  )
})

t.test('a subtree that a mount shows can be read', async (t) => {
  const root = t.testdir({
    'cgroup.controllers': '',
    docker: {
      [id]: { 'cgroup.procs': '7\n', 'pids.current': '3\n', below: { 'cgroup.procs': '8\n' } },
    },
  })
  const cgroups = createCgroups(root)
  const paths = valueIn(cgroups.resolve(v2(`/docker/${other}/docker/${id}/below`), id))
  if (paths === undefined) throw new Error('not found')
  t.strictSame(cgroups.processes(paths), { kind: 'value', value: [7, 8] })
  t.strictSame(cgroups.read(paths), { pids: 3 })
})
