import t from 'tap'
import type { CgroupReading } from '../../src/host/cgroup.ts'
import type { ConfiguredLimits } from '../../src/host/docker.ts'
import { family } from '../support/exposition.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { denied } from '../support/simulated-host.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

const GiB = 1024 ** 3

/** A container under a preset without limits of its own, unless the policy says which. */
function setUp(policy: Record<string, string> = {}) {
  const pidwarden = createPidwarden()
  const { host, engine, clock, metrics } = pidwarden
  const labels = Object.fromEntries(Object.entries(policy).map(([key, value]) => [`pidwarden.${key}`, value]))
  const { container } = addGateway(host, engine, 'metamcp', labels)
  return {
    ...pidwarden,
    container,
    scrape: () => clock.drive(metrics.render().then(String)),
    set(docker: ConfiguredLimits, kernel: CgroupReading) {
      container.limits = docker
      host.cgroupFiles.set(container.id, kernel)
    },
  }
}

const limit = (resource: string, source: string) => `name="metamcp",resource="${resource}",source="${source}"`
const enforced = (resource: string) => `name="metamcp",resource="${resource}"`

t.test('a limit is told three ways, each in its own unit', async (t) => {
  const { scrape, set } = setUp({
    'limits.pids': '200',
    'limits.memory': '2g',
    'limits.cpus': '1.5',
  })
  set({ pids: 300, memory: 3 * GiB, cpu: 3 }, { pidsLimit: 400, memoryLimit: 4 * GiB, cpuLimit: 4 })
  t.same(family(await scrape(), 'container_limit'), {
    [limit('pids', 'policy')]: 200,
    [limit('memory', 'policy')]: 2 * GiB,
    [limit('cpu', 'policy')]: 1.5,
    [limit('pids', 'docker')]: 300,
    [limit('memory', 'docker')]: 3 * GiB,
    [limit('cpu', 'docker')]: 3,
    [limit('pids', 'kernel')]: 400,
    [limit('memory', 'kernel')]: 4 * GiB,
    [limit('cpu', 'kernel')]: 4,
  })
})

t.test('no limit is no series', async (t) => {
  const { scrape, set } = setUp({ preset: 'investigation' })
  set({}, {})
  t.same(family(await scrape(), 'container_limit'), {
    [limit('pids', 'policy')]: 25,
    [limit('memory', 'policy')]: 4 * GiB,
  })
  t.same(family(await scrape(), 'container_limit_enforced'), {
    [enforced('pids')]: 0,
    [enforced('memory')]: 0,
  })
})

// The preset wants 100 processes, 4 GiB and 2 cores.
for (const [name, docker, kernel, expected] of [
  [
    'as wanted',
    { pids: 100, memory: 4 * GiB, cpu: 2 },
    { pidsLimit: 100, memoryLimit: 4 * GiB, cpuLimit: 2 },
    [1, 1, 1],
  ],
  ['not set anywhere', {}, {}, [0, 0, 0]],
  ['set in Docker, and not in force', { pids: 100, memory: 4 * GiB, cpu: 2 }, {}, [0, 0, 0]],
  ['in force without Docker', {}, { pidsLimit: 100, memoryLimit: 4 * GiB, cpuLimit: 2 }, [1, 1, 1]],
  ['stricter than wanted', {}, { pidsLimit: 50, memoryLimit: GiB, cpuLimit: 0.5 }, [1, 1, 1]],
  [
    'laxer than wanted, as Docker has it',
    { pids: 500, memory: 8 * GiB, cpu: 4 },
    { pidsLimit: 500, memoryLimit: 8 * GiB, cpuLimit: 4 },
    [0, 0, 0],
  ],
  [
    'as wanted, but laxer than Docker has it',
    { pids: 50, memory: GiB, cpu: 1 },
    { pidsLimit: 100, memoryLimit: 4 * GiB, cpuLimit: 2 },
    [0, 0, 0],
  ],
  [
    'rounded by the kernel',
    { memory: 4 * GiB - 1, cpu: 1.999999 },
    { pidsLimit: 100, memoryLimit: 4 * GiB, cpuLimit: 2 },
    [1, 1, 1],
  ],
  ['one of three', {}, { memoryLimit: 4 * GiB }, [0, 1, 0]],
] as const satisfies readonly (readonly [string, ConfiguredLimits, CgroupReading, readonly number[]])[]) {
  t.test(`limit_enforced: ${name}`, async (t) => {
    const { scrape, set } = setUp()
    set(docker, kernel)
    t.same(family(await scrape(), 'container_limit_enforced'), {
      [enforced('pids')]: expected[0],
      [enforced('memory')]: expected[1],
      [enforced('cpu')]: expected[2],
    })
  })
}

t.test('limits_unheld: those that the policy wants, and no others', async (t) => {
  const { scrape, set, engine, container } = setUp({ preset: 'investigation' })
  const unheld = async () => family(await scrape(), 'container_limits_unheld')
  set({}, {})
  t.same(await unheld(), { 'name="metamcp"': 2 })
  set({ cpu: 1 }, { pidsLimit: 25 })
  t.same(await unheld(), { 'name="metamcp"': 1 }, 'what Docker alone has configured is not wanted')
  set({}, { pidsLimit: 25, memoryLimit: 4 * GiB })
  t.same(await unheld(), { 'name="metamcp"': 0 })
  engine.halt(container)
  t.same(await unheld(), {}, 'nothing is in force while it does not run')
})

t.test('limit_enforced: only where a limit is wanted or configured', async (t) => {
  const { scrape, set } = setUp({ preset: 'investigation' })
  set({}, { pidsLimit: 25, memoryLimit: 4 * GiB, cpuLimit: 1 })
  t.same(family(await scrape(), 'container_limit_enforced'), {
    [enforced('pids')]: 1,
    [enforced('memory')]: 1,
  })
})

t.test('of what does not run or cannot be read nobody knows whether a limit holds', async (t) => {
  const { scrape, set, host, engine, container } = setUp()
  set({ pids: 100 }, { pidsLimit: 100 })
  const withoutKernel = {
    [limit('pids', 'policy')]: 100,
    [limit('memory', 'policy')]: 4 * GiB,
    [limit('cpu', 'policy')]: 2,
    [limit('pids', 'docker')]: 100,
  }
  host.cgroupFailure = denied
  const unread = await scrape()
  t.same(family(unread, 'container_limit'), withoutKernel)
  t.same(family(unread, 'container_limit_enforced'), {})
  host.cgroupFailure = undefined
  engine.halt(container)
  const stopped = await scrape()
  t.same(family(stopped, 'container_limit'), withoutKernel)
  t.same(family(stopped, 'container_limit_enforced'), {})
})
