import t from 'tap'
import type { Observation } from '../../src/census/observe.ts'
import { parseConfig } from '../../src/config.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { family, parseExposition } from '../support/exposition.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { denied, everyReading } from '../support/simulated-host.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** A configuration with which nothing is left out. */
const everyFamily = 'expected: [metamcp]\ncollect: { openFds: true }\n'

function setUp(yaml = '') {
  const pidwarden = createPidwarden({ yaml })
  const { host, engine, clock, metrics } = pidwarden
  const farm = addGateway(host, engine)
  return { ...pidwarden, ...farm, scrape: () => clock.drive(metrics.render().then(String)) }
}

t.test('the content type that Prometheus 3 wants', async (t) => {
  t.match(createPidwarden().metrics.contentType, /^text\/plain; version=0\.0\.4/)
})

t.test('the families, and what they are', async (t) => {
  const { scrape, host, container } = setUp(everyFamily)
  host.cgroupFiles.set(container.id, everyReading)
  container.state = 'paused'
  const text = await scrape()
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`)
  t.same(types.sort(), [
    'pidwarden_acting_stopped gauge',
    'pidwarden_actions_total counter',
    'pidwarden_alertmanager_up gauge',
    'pidwarden_alerts_received_total counter',
    'pidwarden_build_info gauge',
    'pidwarden_collector_duration_seconds gauge',
    'pidwarden_collector_success gauge',
    'pidwarden_config_last_reload_successful gauge',
    'pidwarden_container_absent gauge',
    'pidwarden_container_command_memory_bytes gauge',
    'pidwarden_container_command_processes gauge',
    'pidwarden_container_commands_folded gauge',
    'pidwarden_container_counted_processes gauge',
    'pidwarden_container_cpu_limit_cores gauge',
    'pidwarden_container_cpu_seconds_total counter',
    'pidwarden_container_cpu_throttled_seconds_total counter',
    'pidwarden_container_crashed gauge',
    'pidwarden_container_duplicates gauge',
    'pidwarden_container_exit_code gauge',
    'pidwarden_container_health gauge',
    'pidwarden_container_info gauge',
    'pidwarden_container_instances gauge',
    'pidwarden_container_limit gauge',
    'pidwarden_container_limit_enforced gauge',
    'pidwarden_container_limits_unheld gauge',
    'pidwarden_container_memory_anon_bytes gauge',
    'pidwarden_container_memory_limit_bytes gauge',
    'pidwarden_container_memory_peak_bytes gauge',
    'pidwarden_container_memory_swap_bytes gauge',
    'pidwarden_container_memory_usage_bytes gauge',
    'pidwarden_container_memory_working_set_bytes gauge',
    'pidwarden_container_oom_kills_total counter',
    'pidwarden_container_open_fds gauge',
    'pidwarden_container_orphans gauge',
    'pidwarden_container_pids gauge',
    'pidwarden_container_pids_limit gauge',
    'pidwarden_container_pids_limit_hits_total counter',
    'pidwarden_container_pids_peak gauge',
    'pidwarden_container_policy_errors gauge',
    'pidwarden_container_process_starts_total counter',
    'pidwarden_container_processes gauge',
    'pidwarden_container_restarts_total counter',
    'pidwarden_container_start_time_seconds gauge',
    'pidwarden_container_startup_processes gauge',
    'pidwarden_container_state gauge',
    'pidwarden_container_threads gauge',
    'pidwarden_container_threshold gauge',
    'pidwarden_container_zombies gauge',
    'pidwarden_docker_up gauge',
    'pidwarden_host_cpu_cores gauge',
    'pidwarden_host_cpu_seconds_total counter',
    'pidwarden_host_memory_available_bytes gauge',
    'pidwarden_host_memory_total_bytes gauge',
    'pidwarden_host_pid_max gauge',
    'pidwarden_host_pressure_waiting_seconds_total counter',
    'pidwarden_host_swap_total_bytes gauge',
    'pidwarden_host_swap_used_bytes gauge',
    'pidwarden_host_tasks gauge',
    'pidwarden_host_threads_max gauge',
    'pidwarden_host_threshold gauge',
    'pidwarden_incident_active gauge',
    'pidwarden_manual_intervention_required gauge',
    'pidwarden_privileges_missing gauge',
    'pidwarden_remediation_in_progress gauge',
    'pidwarden_run_duration_seconds histogram',
    'pidwarden_runs_total counter',
    'pidwarden_signals_total counter',
    'pidwarden_truncated_notifications_total counter',
    'pidwarden_watchdog_last_seen_timestamp_seconds gauge',
  ])
  for (const line of types) {
    t.equal(line.endsWith('_total counter'), line.includes('_total '), line)
  }
  const families = parseExposition(text)
  for (const [name, series] of families) {
    if (!name.startsWith('pidwarden_container_')) continue
    for (const labels of series.keys()) t.match(labels, /^name="metamcp"/, `${name} carries the name`)
  }
})

t.test('a scrape of an empty host is a scrape', async (t) => {
  const { metrics, clock } = createPidwarden()
  const text = await clock.drive(metrics.render().then(String))
  t.same(family(text, 'docker_up'), { '': 1 })
  t.same(family(text, 'build_info'), { [`version="0.0.0-test",node="${process.versions.node}"`]: 1 })
  t.same(family(text, 'collector_success'), {
    'collector="docker"': 1,
    'collector="census"': 1,
    'collector="host"': 1,
    'collector="configuration"': 1,
    'collector="journal"': 1,
  })
  t.notMatch(text, 'pidwarden_container_processes{')
})

t.test('the series of a container are gone with it, in the very next scrape', async (t) => {
  const { scrape, host, engine, container } = setUp()
  const { container: other } = addGateway(host, engine, 'other')
  for (const { id } of [container, other]) host.cgroupFiles.set(id, { ...everyReading, pidsLimitHits: 3 })
  t.match(await scrape(), 'name="metamcp"')
  engine.remove(container)
  const after = await scrape()
  t.notMatch(after, 'metamcp')
  t.match(after, 'pidwarden_container_pids_limit_hits_total{name="other"} 3\n')
  engine.halt(other)
  const stopped = await scrape()
  t.match(stopped, 'pidwarden_container_info{name="other"', 'who it is stays')
  t.match(stopped, 'pidwarden_container_oom_kills_total{name="other"} 1\n', 'and how often it was hit')
  for (const name of [
    'processes',
    'pids',
    'pids_limit',
    'pids_limit_hits_total',
    'memory_anon_bytes',
    'cpu_seconds_total',
    'cpu_limit_cores',
    'limit_enforced',
    'zombies',
    'process_starts_total',
    'command_memory_bytes',
    'instances',
  ]) {
    t.same(family(stopped, `container_${name}`), {}, `${name}: not zero, but absent`)
  }
})

t.test('a container that was recreated has one series, with its new id', async (t) => {
  const { scrape, host, engine, container } = setUp()
  await scrape()
  engine.remove(container)
  const { container: recreated } = addGateway(host, engine)
  const text = await scrape()
  const infos = Object.keys(family(text, 'container_info'))
  t.equal(infos.length, 1)
  t.match(infos[0], `id="${recreated.id}"`)
  t.same(family(text, 'container_processes'), { 'name="metamcp"': 5 })
})

for (const [collector, spoil] of [
  ['docker', ({ engine }) => Object.assign(engine.connection, { connected: false, error: 'away' })],
  ['census', ({ host }) => Object.assign(host, { cgroupFailure: denied })],
  ['host', ({ system }) => Object.assign(system, { read: () => Promise.reject(new Error('no meminfo')) })],
  ['journal', ({ database }) => database.exec('DROP TABLE tallies')],
] as const satisfies readonly (readonly [string, (setting: ReturnType<typeof setUp>) => unknown])[]) {
  t.test(`the ${collector} collector fails: the others go on`, async (t) => {
    const setting = setUp()
    const { scrape, metrics, logs } = setting
    await scrape()
    spoil(setting)
    const text = await scrape()
    const success = family(text, 'collector_success')
    t.same(success, {
      'collector="docker"': 1,
      'collector="census"': 1,
      'collector="host"': 1,
      'collector="configuration"': 1,
      'collector="journal"': 1,
      [`collector="${collector}"`]: 0,
    })
    t.match(
      metrics.collectors().find(({ name }) => name === collector),
      { error: /./ },
    )
    t.match(text, 'pidwarden_container_info{', 'the containers known last are told')
    if (collector !== 'census') t.same(family(text, 'container_processes'), { 'name="metamcp"': 5 })
    await scrape()
    t.equal(logs.filter((line) => line.includes('collector failed')).length, 1, 'told once, not every 5 s')
  })
}

t.test('while Docker is away the gauge says so, and the kernel is still asked', async (t) => {
  const { scrape, engine, host, container } = setUp()
  engine.connection = { connected: false, listedAt: 1, error: 'connect ENOENT' }
  host.spawn(container.id, { ppid: container.pid, argv: ['late'] })
  const text = await scrape()
  t.same(family(text, 'docker_up'), { '': 0 })
  t.same(family(text, 'container_processes'), { 'name="metamcp"': 6 })
})

t.test('what could not be read is absent, never zero', async (t) => {
  const { scrape, system, host, container } = setUp(everyFamily)
  host.cgroupFiles.set(container.id, everyReading)
  const seen = parseExposition(await scrape())
  system.read = () => Promise.reject(new Error('no meminfo'))
  host.cgroupFailure = denied
  const blind = parseExposition(await scrape())
  // Docker tells of its own, and the policy and what was added up are ours: everything else is of the kernel.
  const told = ['info', 'state', 'health', 'start_time_seconds', 'restarts_total', 'crashed', 'threshold']
  const stays = new Set(
    [...told, 'limit', 'policy_errors', 'absent', 'oom_kills_total'].map(
      (name) => `pidwarden_container_${name}`,
    ),
  )
  for (const name of seen.keys()) {
    if (!/^pidwarden_(host|container)_/.test(name)) continue
    t.equal(blind.has(name), stays.has(name), name)
  }
})

t.test('one container that cannot be read does not hide the others', async (t) => {
  const { scrape, host, engine, container, metrics } = setUp()
  addGateway(host, engine, 'other')
  const { processes } = host.cgroups
  host.cgroups.processes = (paths) => (paths.pids === container.id ? denied : processes(paths))
  const text = await scrape()
  t.same(family(text, 'container_processes'), { 'name="other"': 5 })
  t.equal(family(text, 'collector_success')['collector="census"'], 0)
  t.match(metrics.collectors()[1], { name: 'census', error: /^metamcp: EACCES/ })
})

t.test('scrapes that come at once share one measurement, later ones take their own', async (t) => {
  const { ports, inventory, observer, journal, runner, system, clock } = setUp()
  let measured = 0
  const counting = {
    ...observer,
    observeAll(containers: Parameters<typeof observer.observeAll>[0]): Promise<readonly Observation[]> {
      measured += 1
      return observer.observeAll(containers)
    },
  }
  const warn = (): void => {}
  const metrics = createMetrics({
    ...ports,
    inventory,
    observer: counting,
    journal,
    runner,
    system,
    clock,
    warn,
    version: '1',
    wanted: () => ({ expected: [], openFds: false, configured: true, host: parseConfig('', 'none').host }),
    missingPrivileges: () => 0,
    alertmanagerUp: () => undefined,
  })
  const texts = await clock.drive(
    Promise.all([
      metrics.render().then(String),
      metrics.render().then(String),
      metrics.render().then(String),
    ]),
  )
  t.equal(measured, 1)
  t.equal(new Set(texts).size, 1)
  await clock.drive(metrics.render().then(String))
  t.equal(measured, 2)
})

t.test('two exporters in one process do not share a registry', async (t) => {
  const [one, two] = [setUp(), createPidwarden()]
  t.match(await one.scrape(), 'name="metamcp"')
  t.notMatch(await two.clock.drive(two.metrics.render().then(String)), 'name="metamcp"')
})
