import t from 'tap'
import type { CgroupReading } from '../../src/host/cgroup.ts'
import { family } from '../support/exposition.ts'
import { bearer } from '../support/problem.ts'
import { addGateway, startServer } from '../support/simulated-gateway.ts'
import { createPidwarden, token } from '../support/simulated-pidwarden.ts'

function setUp(labels: Record<string, string> = {}, yaml = '') {
  const pidwarden = createPidwarden({ yaml })
  const { host, engine, clock, metrics } = pidwarden
  const farm = addGateway(host, engine, 'metamcp', labels)
  const scrape = () => clock.drive(metrics.render().then(String))
  return {
    ...pidwarden,
    ...farm,
    scrape,
    /** `value playbook` of each tier of a resource; what the kernel says of limits comes first. */
    async tiers(resource: string, kernel: CgroupReading = {}) {
      host.cgroupFiles.set(farm.container.id, kernel)
      const series = Object.entries(family(await scrape(), 'container_threshold'))
      return Object.fromEntries(
        series.flatMap(([labels, value]) => {
          const [, about, tier = '', playbook] =
            /^name="metamcp",resource="(.*)",tier="(.*)",playbook="(.*)"$/.exec(labels) ?? []
          return about === resource ? [[tier, `${value} ${playbook}`]] : []
        }),
      )
    },
  }
}

const GiB = 1024 ** 3

t.test('processes and duplicates: numbers', async (t) => {
  const { tiers } = setUp()
  t.same(await tiers('processes', { pidsLimit: 40 }), {
    warning: '16 record',
    critical: '31 cleanup',
    emergency: '51 contain',
    nuclear: '101 restart',
  })
  t.same(await tiers('duplicates'), {
    warning: '1 record',
    critical: '5 cleanup',
    emergency: '20 contain',
    nuclear: '50 restart',
  })
})

t.test('pids: parts of the limit in force, else of the one that is wanted; whole tasks', async (t) => {
  const { tiers, container } = setUp()
  container.limits = { pids: 77 }
  const of = (...at: number[]) => ({
    warning: `${at[0]} record`,
    critical: `${at[1]} cleanup`,
    emergency: `${at[2]} contain`,
    nuclear: `${at[3]} restart`,
  })
  t.same(await tiers('pids'), { warning: '75 record' }, 'the preset wants 100, and none is in force')
  t.same(await tiers('pids', { pidsLimit: 500 }), of(375, 450, 475, 500))
  t.same(await tiers('pids', { pidsLimit: 25 }), of(19, 23, 24, 25), 'at 18.75 means from 19 on')
})

t.test('memory: bytes', async (t) => {
  const { tiers } = setUp()
  t.same(await tiers('memory', { memoryLimit: 2 * GiB }), {
    warning: `${1.5 * GiB} record`,
    critical: `${Math.ceil(1.8 * GiB)} relieve-memory`,
    emergency: `${Math.ceil(1.9 * GiB)} relieve-memory`,
    nuclear: `${8 * GiB} restart`,
  })
  t.same(
    await tiers('memory'),
    { warning: `${3 * GiB} record`, nuclear: `${8 * GiB} restart` },
    'the preset wants 4 GiB, and none is in force',
  )
})

t.test('cpu: cores, of the limit, else of the whole host', async (t) => {
  const { tiers } = setUp()
  t.same(await tiers('cpu', { cpuLimit: 0.5 }), { warning: '0.3 record', critical: '0.4 relieve-cpu' })
  t.same(await tiers('cpu'), { warning: '4.8 record', critical: '6.4 relieve-cpu' })
})

t.test('the next scrape after a limit changed shows other tiers', async (t) => {
  const { tiers } = setUp()
  t.match(await tiers('pids', { pidsLimit: 100 }), { warning: '75 record' })
  t.match(await tiers('pids', { pidsLimit: 200 }), { warning: '150 record' })
})

t.test('a tier that the preset does not have, or that was switched off, is no series', async (t) => {
  const { tiers } = setUp({
    'pidwarden.preset': 'production',
    'pidwarden.thresholds.duplicates.nuclear': 'off',
  })
  t.same(await tiers('processes'), { critical: '16 cleanup' })
  t.same(await tiers('memory'), {})
  t.same(await tiers('cpu'), {})
  t.same(Object.keys(await tiers('duplicates')), ['warning', 'critical', 'emergency'])
})

t.test('labels and file: sizes, parts and other playbooks', async (t) => {
  const labels = {
    'pidwarden.thresholds.memory.warning': '512m',
    'pidwarden.thresholds.processes.warning': '20%',
    'pidwarden.thresholds.cpu.emergency': '1.5',
  }
  const yaml = 'policy: { thresholds: { processes: { critical: { at: 45, playbook: record } } } }\n'
  const { tiers, scrape } = setUp(labels, yaml)
  t.match(await tiers('memory', { memoryLimit: GiB }), { warning: `${GiB / 2} record` })
  t.match(await tiers('processes', { pidsLimit: 200 }), { warning: '40 record', critical: '45 record' })
  t.same(family(await scrape(), 'container_policy_errors'), { 'name="metamcp"': 0 })
})

t.test('a container that does not run keeps its tiers: the rules compare with nothing else', async (t) => {
  const { tiers, engine, container } = setUp()
  engine.halt(container)
  t.match(await tiers('pids', { pidsLimit: 500 }), { warning: '75 record' }, 'no limit is in force now')
  t.match(await tiers('processes'), { nuclear: '101 restart' })
})

t.test('counted processes: those whose command has one of the words, with their launchers', async (t) => {
  const { scrape, host, container, gateway } = setUp({ 'pidwarden.count': 'mcp-, npm' })
  startServer(host, container.id, gateway(), 'files')
  host.spawn(container.id, { ppid: gateway(), argv: ['git', 'status'] })
  const text = await scrape()
  t.same(family(text, 'container_processes'), { 'name="metamcp"': 9 })
  t.same(family(text, 'container_counted_processes'), { 'name="metamcp"': 6 })
})

t.test('counted processes: by a layer of the file, and what counts reaches the tier', async (t) => {
  const yaml = 'containers: [{ name: meta*, policy: { count: [git] } }]\n'
  const { scrape, host, container, gateway, app, duplicate } = setUp({}, yaml)
  duplicate(20)
  t.same(family(await scrape(), 'container_counted_processes'), { 'name="metamcp"': 0 })
  for (let i = 0; i < 16; i++) host.spawn(container.id, { ppid: gateway(), argv: ['git', `${i}`] })
  t.same(family(await scrape(), 'container_counted_processes'), { 'name="metamcp"': 16 })
  const { containers } = (await app.inject({ url: '/api/containers', headers: bearer(token) })).json()
  t.match(containers[0], { measurement: { processes: 16 }, tiers: { processes: 'warning' } })
})
