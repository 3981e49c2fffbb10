import t from 'tap'
import { family, total } from '../support/exposition.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

function setUp(yaml = '') {
  const pidwarden = createPidwarden({ yaml })
  const { host, engine, clock, metrics } = pidwarden
  const farm = addGateway(host, engine)
  return { ...pidwarden, ...farm, scrape: () => clock.drive(metrics.render().then(String)) }
}

const me = 'name="metamcp"'
const command = (name: string) => `${me},command="${name}"`

t.test('cpu: seconds by mode, the time it was held back, and the limit', async (t) => {
  const { scrape, host, container } = setUp()
  host.cgroupFiles.set(container.id, { cpuUser: 12.5, cpuSystem: 3.25, cpuThrottled: 0.75, cpuLimit: 1.5 })
  for (let i = 0; i < 2; i++) {
    const text = await scrape()
    t.same(family(text, 'container_cpu_seconds_total'), {
      [`${me},mode="user"`]: 12.5,
      [`${me},mode="system"`]: 3.25,
    })
    t.same(family(text, 'container_cpu_throttled_seconds_total'), { [me]: 0.75 })
    t.same(family(text, 'container_cpu_limit_cores'), { [me]: 1.5 })
  }
  host.cgroupFiles.set(container.id, { cpuUser: 0, cpuSystem: 0 })
  const idle = await scrape()
  t.equal(total(idle, 'container_cpu_seconds_total'), 0)
  t.equal(Object.keys(family(idle, 'container_cpu_seconds_total')).length, 2, 'nothing used is a reading')
  t.same(family(idle, 'container_cpu_throttled_seconds_total'), {})
  t.same(family(idle, 'container_cpu_limit_cores'), {})
})

t.test('memory: swap and peak, each where the kernel tells it', async (t) => {
  const { scrape, host, container } = setUp()
  const told = async () => {
    const text = await scrape()
    return ['swap', 'peak'].map((name) => family(text, `container_memory_${name}_bytes`)[me])
  }
  host.cgroupFiles.set(container.id, { memorySwap: 1e6, memoryPeak: 5e9 })
  t.same(await told(), [1e6, 5e9])
  host.cgroupFiles.set(container.id, { memorySwap: 0, memoryPeak: 5e9 })
  t.same(await told(), [0, 5e9])
  host.cgroupFiles.set(container.id, {})
  t.same(await told(), [undefined, undefined])
})

t.test('OOM kills: added up over the lives under one name', async (t) => {
  const { scrape, host, engine, container, clock } = setUp()
  const kills = async (id: string, oomKills?: number) => {
    host.cgroupFiles.set(id, oomKills === undefined ? {} : { oomKills })
    return family(await scrape(), 'container_oom_kills_total')[me]
  }
  t.equal(await kills(container.id, 0), 0)
  t.equal(await kills(container.id, 2), 2)
  t.equal(await kills(container.id, 2), 2)
  engine.halt(container)
  t.equal(await kills(container.id), 2, 'stopped')
  clock.advance(1000)
  engine.run(container)
  t.equal(await kills(container.id, 0), 2, 'restarted')
  t.equal(await kills(container.id, 3), 5)
  engine.remove(container)
  await scrape()
  clock.advance(1000)
  const { container: recreated } = addGateway(host, engine)
  t.equal(await kills(recreated.id, 1), 6, 'recreated')
  t.equal(await kills(recreated.id), 6, 'not to be read now')
})

t.test('zombies hold a pid and are no processes', async (t) => {
  const { scrape, host, container, gateway, legitimate } = setUp()
  t.same(family(await scrape(), 'container_zombies'), { [me]: 0 })
  legitimate.leaf.threads = 11
  for (const ppid of [container.pid, gateway(), gateway(), legitimate.leaf.pid]) {
    host.spawn(container.id, { ppid, argv: ['dead'], state: 'Z' })
  }
  const text = await scrape()
  t.same(family(text, 'container_zombies'), { [me]: 4 })
  t.same(family(text, 'container_processes'), { [me]: 5 })
  t.same(family(text, 'container_pids'), { [me]: 5 + 10 + 4 })
})

t.test('process starts: each process once, though it is gone by now', async (t) => {
  const { scrape, host, container, engine, observer, clock } = setUp()
  const starts = async () => family(await scrape(), 'container_process_starts_total')[me]
  t.equal(await starts(), 5)
  t.equal(await starts(), 5)
  const { pid } = host.spawn(container.id, { ppid: container.pid, argv: ['git', 'status'] })
  observer.observe(container)
  t.equal(await starts(), 6, 'a look in between counts it, and no look counts it twice')
  host.reuse(pid)
  t.equal(await starts(), 7, 'the same pid is another process')
  host.end(pid)
  t.equal(await starts(), 7, 'a counter does not fall')
  engine.halt(container)
  t.equal(await starts(), undefined)
  clock.advance(10_000)
  engine.run(container)
  t.equal(await starts(), 12, 'restarted: it goes on')
})

t.test('memory of a command: of its launchers and workers too, in bytes', async (t) => {
  const { scrape, host, container, gateway, duplicate, legitimate } = setUp()
  const { wrapper, shell, leaf } = legitimate
  Object.assign(wrapper, { rssPages: 10 })
  Object.assign(shell, { rssPages: 1 })
  Object.assign(leaf, { rssPages: 100 })
  for (const copy of duplicate(2)) Object.assign(copy.leaf, { rssPages: 1000 })
  host.spawn(container.id, { ppid: gateway(), argv: ['git', 'status'], rssPages: 5 })
  t.same(family(await scrape(), 'container_command_memory_bytes'), {
    [command('node mcp-memory')]: 2111 * 4096,
    [command('node gateway.js')]: 0,
    [command('git')]: 5 * 4096,
  })
})

t.test('memory of the commands that are folded is in the sum', async (t) => {
  const { scrape, host, container, gateway } = setUp()
  for (let i = 0; i < 70; i++) {
    host.spawn(container.id, { ppid: gateway(), argv: [`tool${i}`], rssPages: 1 })
  }
  const text = await scrape()
  t.equal(total(text, 'container_command_memory_bytes'), 70 * 4096)
  t.equal(family(text, 'container_command_memory_bytes')[command('other')], 22 * 4096)
})

t.test('open files: of the process that has the most, and only on request', async (t) => {
  t.same(family(await setUp().scrape(), 'container_open_fds'), {})
  const asked = setUp('collect: { openFds: true }\n')
  asked.legitimate.leaf.openFds = { kind: 'value', value: 900 }
  asked.legitimate.shell.openFds = { kind: 'denied', detail: 'EACCES' }
  t.same(family(await asked.scrape(), 'container_open_fds'), { [me]: 900 })
  for (const one of asked.host.in(asked.container.id)) one.openFds = { kind: 'denied', detail: 'EACCES' }
  t.same(family(await asked.scrape(), 'container_open_fds'), {}, 'what could not be read is absent, never 0')
})

t.test('absent: only what is expected, by name, and 1 when it does not run', async (t) => {
  const { scrape, engine, container, host, clock } = setUp('expected: [metamcp, postgres]\n')
  const told = async () => family(await scrape(), 'container_absent')
  const [here, there] = ['name="metamcp"', 'name="postgres"']
  t.same(await told(), { [here]: 0, [there]: 1 })
  addGateway(host, engine, 'postgres')
  addGateway(host, engine, 'redis')
  t.same(await told(), { [here]: 0, [there]: 0 })
  engine.halt(container)
  t.same(await told(), { [here]: 1, [there]: 0 }, 'stopped')
  engine.remove(container)
  t.same(await told(), { [here]: 1, [there]: 0 }, 'removed: nothing else is left to tell of it')
  clock.advance(1000)
  addGateway(host, engine)
  t.same(await told(), { [here]: 0, [there]: 0 }, 'recreated under its name')
})
