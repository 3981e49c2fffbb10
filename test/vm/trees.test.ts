import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCgroups } from '../../src/host/cgroup.ts'
import { createProcfs } from '../../src/host/procfs.ts'
import { valueIn } from '../../src/host/reading.ts'

const fixtures = join(import.meta.dirname, '../fixtures/cgroup-v2')

/** What each tree must say; told by hand from what its container was started with. */
const expected: Record<string, { slice?: string; processes: number; reading: object }> = {
  gateway: { processes: 11, reading: { pidsLimit: 500, pidsLimitHits: 0 } },
  plain: { processes: 3, reading: { pids: 3, memoryLimit: undefined, cpuLimit: undefined } },
  init: { processes: 3, reading: { pids: 3, pidsLimit: undefined } },
  limited: { processes: 3, reading: { pidsLimit: 64, memoryLimit: 128 * 1024 ** 2, cpuLimit: 0.5 } },
  full: { processes: 12, reading: { pids: 12, pidsLimit: 12, pidsPeak: 12, pidsLimitHits: 1 } },
  nested: { processes: 5, reading: { pids: 5, pidsLimit: 50 } },
  sliced: { slice: '/gateways.slice/gateways-vm.slice', processes: 2, reading: { pids: 2 } },
  zombies: { processes: 2, reading: { pids: 5, pidsLimit: 100 } },
  starved: { processes: 2, reading: { memoryLimit: 24 * 1024 ** 2, oomKills: 1 } },
  paused: { processes: 3, reading: { pids: 3 } },
}

t.same(folders(fixtures).sort(), [...Object.keys(expected)].sort(), 'every recorded container is told of')

for (const [name, { slice = '/system.slice', processes, reading }] of Object.entries(expected)) {
  t.test(name, async (t) => {
    const folder = join(fixtures, name)
    const { id, pid } = JSON.parse(readFileSync(join(folder, 'container.json'), 'utf8'))
    const cgroups = createCgroups(join(folder, 'sys/fs/cgroup'))
    const procfs = createProcfs(join(folder, 'proc'))
    t.equal(cgroups.version, 2)
    const paths = valueIn(cgroups.resolve(valueIn(procfs.cgroup(pid)) ?? '', id))
    if (paths === undefined) throw new Error('the cgroup was not found')
    t.equal(paths.path, `${slice}/docker-${id}.scope`)
    const pids = valueIn(cgroups.processes(paths)) ?? []
    t.equal(pids.length, processes)
    const living = folders(join(folder, 'proc')).filter(
      (one) => valueIn(procfs.stat(Number(one)))?.state !== 'Z',
    )
    t.same(pids.map(String).sort(), living.sort(), 'those that live, and no other')
    const { pids: tasks, ...rest } = cgroups.read(paths)
    t.match(
      { pids: tasks, pidsLimit: undefined, memoryLimit: undefined, cpuLimit: undefined, ...rest },
      reading,
    )
  })
}

function folders(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  )
}
