import t from 'tap'
import { family } from '../support/exposition.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

function setUp(labels?: Record<string, string>) {
  const pidwarden = createPidwarden()
  const { host, engine, clock, metrics } = pidwarden
  const farm = addGateway(host, engine, 'metamcp', labels)
  return { ...pidwarden, ...farm, scrape: () => clock.drive(metrics.render().then(String)) }
}

const me = 'name="metamcp"'

t.test('info: who it is, its policy, and when it was started', async (t) => {
  const { scrape, container, clock } = setUp({
    'pidwarden.mode': 'dry-run',
    'pidwarden.preset': 'fix',
    'com.docker.compose.project': 'stack',
    'com.docker.compose.service': 'gateway',
  })
  const text = await scrape()
  t.same(family(text, 'container_info'), {
    [`${me},id="${container.id}",image="metamcp:1",mode="dry-run",preset="fix",profile="unknown",compose_project="stack",compose_service="gateway"`]: 1,
  })
  t.same(family(text, 'container_start_time_seconds'), { [me]: clock.now() / 1000 })
  t.same(family(text, 'container_policy_errors'), { [me]: 0 })
})

t.test('info: refused labels are counted, and the mode falls back', async (t) => {
  const { scrape } = setUp({ 'pidwarden.mode': 'enforce', 'pidwarden.copies': 'x', 'pidwarden.nothing': '' })
  const text = await scrape()
  t.same(family(text, 'container_policy_errors'), { [me]: 2 })
  t.match(text, 'mode="observe"')
})

t.test('info: a container that never ran has no start time', async (t) => {
  const { scrape, container } = setUp()
  Object.assign(container, { state: 'created', startedAt: '0001-01-01T00:00:00Z', pid: 0 })
  t.same(family(await scrape(), 'container_start_time_seconds'), {})
})

t.test('processes', async (t) => {
  const { scrape, host, container, duplicate, orphan, legitimate } = setUp()
  duplicate(2)
  orphan(3)
  legitimate.leaf.threads = 11
  host.spawn(container.id, { ppid: container.pid, argv: ['dead'], state: 'Z' })
  const text = await scrape()
  t.same(family(text, 'container_processes'), { [me]: 5 + 6 + 6 }, 'a zombie is none')
  t.same(family(text, 'container_counted_processes'), { [me]: 17 })
  t.same(family(text, 'container_threads'), { [me]: 17 + 10 })
  t.same(family(text, 'container_orphans'), { [me]: 3 })
})

t.test('pids and memory: what the kernel says, and nothing where it sets no limit', async (t) => {
  const { scrape, host, container } = setUp()
  const names = ['pids', 'pids_limit', 'pids_peak', 'pids_limit_hits_total']
  const memory = ['memory_usage_bytes', 'memory_working_set_bytes', 'memory_anon_bytes', 'memory_limit_bytes']
  const told = async () => {
    const text = await scrape()
    return [...names, ...memory].map((name) => family(text, `container_${name}`)[me])
  }
  host.cgroupFiles.set(container.id, {
    pids: 74,
    pidsLimit: 100,
    pidsPeak: 99,
    pidsLimitHits: 0,
    memoryUsage: 2e9,
    memoryWorkingSet: 15e8,
    memoryAnon: 1e9,
    memoryLimit: 4e9,
  })
  t.same(await told(), [74, 100, 99, 0, 2e9, 15e8, 1e9, 4e9])
  host.cgroupFiles.set(container.id, { pids: 0, memoryUsage: 0 })
  t.same(await told(), [0, undefined, undefined, undefined, 0, undefined, undefined, undefined])
})

t.test('pids: a counter that the kernel began anew is told as it is, not added up', async (t) => {
  const { scrape, host, container } = setUp()
  for (const pidsLimitHits of [5, 5, 7, 1]) {
    host.cgroupFiles.set(container.id, { pidsLimitHits })
    t.same(family(await scrape(), 'container_pids_limit_hits_total'), { [me]: pidsLimitHits })
  }
})

t.test('remediation: what ended, what was sent, and what is at work', async (t) => {
  const { scrape, perform, duplicate, container, runner, addRun, clock } = setUp({
    'pidwarden.mode': 'enforce',
    'pidwarden.profile': 'generic',
  })
  t.same(family(await scrape(), 'runs_total'), {})
  duplicate(5)
  duplicate(1, { stubborn: true })
  await perform(container)
  duplicate(60, { stubborn: true })
  await perform(container, { playbook: 'record', tier: 'warning' })
  runner.submit(addRun(container))
  await clock.settle()
  const text = await scrape()
  t.same(family(text, 'runs_total'), {
    'playbook="cleanup",outcome="fixed",reason="cleared"': 1,
    'playbook="record",outcome="skipped",reason="recorded"': 1,
  })
  t.same(family(text, 'actions_total'), {
    'action="collect-evidence",outcome="skipped"': 3,
    'action="kill-duplicates",outcome="fixed"': 1,
    'action="kill-orphans",outcome="skipped"': 2,
  })
  const signals = family(text, 'signals_total')
  t.equal(signals['signal="SIGKILL"'], 3)
  t.ok((signals['signal="SIGTERM"'] ?? 0) >= 18)
  t.same(family(text, 'remediation_in_progress'), { [me]: 1 })
  await clock.until(() => runner.inProgress().length === 0)
  const over = await scrape()
  t.same(family(over, 'remediation_in_progress'), {})
  t.equal(family(over, 'runs_total')['playbook="cleanup",outcome="fixed",reason="cleared"'], 2)
})
