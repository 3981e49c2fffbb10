import t, { type Test } from 'tap'
import { whyNoVm } from '../../lab/vm/possible.ts'
import { disagreement, expectations } from './expected.ts'
import { type Case, cases } from './job/cases.ts'
import { runJob } from './machine.ts'
import { type Inspected, parseReadings, type Results, type Round, readResults } from './results.ts'

/** What makes a case the case that it claims to be; read by the other program. */
const signs: Record<string, Record<string, string | RegExp>> = {
  gateway: { 'ps.processes': '11', 'pids.max': '500' },
  plain: { 'pids.max': /^\d+$/, 'memory.max': 'max' },
  init: { 'pids.max': 'max', 'ps.processes': '3' },
  limited: { 'pids.max': '64', 'memory.max': '134217728', 'cpu.max': '50000 100000', 'ps.processes': '3' },
  full: { 'pids.current': '12', 'pids.max': '12', 'pids.events.local.max': /^[1-9]/ },
  nested: { 'pids.max': '50', 'ps.processes': '5', 'pids.events.local.max': '0' },
  sliced: { cgroup: /^\/gateways\.slice\/gateways-vm\.slice\/docker-[0-9a-f]{64}\.scope$/ },
  zombies: { 'ps.zombies': '3', 'pids.current': '5', procs: '2' },
  starved: { 'memory.events.oom_kill': /^[1-9]/ },
  paused: { 'cgroup.events.frozen': '1', 'ps.processes': '3' },
}

const why = whyNoVm()
if (!why) {
  const { out, output, remove } = await runJob()
  t.teardown(remove)
  t.comment(output)
  const results = readResults(out)
  await t.test('the host is one with cgroup v2 and the systemd driver', async (t) => {
    t.match(results.host, { CgroupVersion: '2', CgroupDriver: 'systemd' })
    t.equal(results.rounds.length, 3)
  })
  for (const one of cases) await t.test(`${one.name}: ${one.about}`, async (t) => judge(t, one, results))
  await t.test('a leak is healed', async (t) => judgeHealing(t, results))
  await t.test('limits are set, and systemd keeps them', async (t) => judgeLimiting(t, results))
} else if (process.env.CI === 'true') t.fail(`a virtual machine is needed under CI: ${why}`)
else t.plan(0, `no virtual machine: ${why}`)

function judge(t: Test, { name, turn }: Case, { rounds, inspected }: Results): void {
  const container = inspected.get(name)
  if (container === undefined) throw new Error('docker inspect does not know it')
  for (const round of rounds) judgeDocker(t, container, round)
  for (const { scrape } of rounds) {
    t.match(scrape.info(name), { id: container.Id, image: container.Config.Image }, 'id and image')
    if (turn !== 'exit') continue
    for (const { series } of expectations) t.equal(scrape.value(series, name), undefined, `no ${series}`)
  }
  if (turn === 'exit') return
  t.match(Object.fromEntries(rounds[0]?.before.facts(name) ?? []), signs[name], 'it is what it claims to be')
  for (const expectation of expectations) {
    const { series, slack } = expectation
    const wrong = rounds.map((round) => disagreement(expectation, round, name))
    if (slack === undefined)
      t.same(
        wrong,
        rounds.map(() => undefined),
        series,
      )
    else {
      t.ok(wrong.includes(undefined), `${series}, to the byte at least once: ${wrong[0] ?? 'agreed'}`)
      const far = rounds.map((round) => disagreement(expectation, round, name, slack))
      t.same(
        far,
        rounds.map(() => undefined),
        series,
      )
    }
  }
}

/** What Docker says, and whether the kernel holds what was asked for. */
function judgeDocker(t: Test, { Name, State, HostConfig }: Inspected, { scrape, before }: Round): void {
  const name = Name.slice(1)
  const value = (series: string) => scrape.value(series, name)
  t.equal(value(`container_state state="${State.Status}"`), 1, State.Status)
  t.equal(value('container_start_time_seconds'), Date.parse(State.StartedAt) / 1000, 'start time')
  const ended = State.Status === 'exited'
  t.equal(value('container_exit_code'), ended ? State.ExitCode : undefined, 'exit code')
  // For Docker no limit is null, 0 or -1.
  const asked = { pids: HostConfig.PidsLimit ?? 0, memory: HostConfig.Memory, cpu: HostConfig.NanoCpus / 1e9 }
  for (const [resource, number] of Object.entries(asked)) {
    const series = (source: string) => `container_limit resource="${resource}",source="${source}"`
    const docker = number > 0 ? number : undefined
    t.equal(value(series('docker')), docker, `${resource} as configured`)
    const wanted = Math.min(docker ?? Infinity, value(series('policy')) ?? Infinity)
    const kernel = expectations.find((one) => one.series === series('kernel'))
    const held = ended ? undefined : (kernel?.of(before.facts(name)) ?? Infinity)
    const enforced = held === undefined || wanted === Infinity ? undefined : Number(held <= wanted)
    t.equal(value(`container_limit_enforced resource="${resource}"`), enforced, `${resource} enforced`)
  }
}

function judgeHealing(t: Test, { healing, inspected }: Results): void {
  const { gateway, copies, answer, run, metrics } = healing
  t.match(answer, { status: 202, body: { alerts: [{ verdict: 'queued' }] } })
  t.match(run, {
    ending: { outcome: 'fixed', reason: 'cleared' },
    before: { duplicates: copies },
    after: { duplicates: 0 },
  })
  t.equal(gateway.leaked.children.length, gateway.before.children.length + copies)
  t.same(gateway.after, gateway.before, 'the gateway has what it had')
  const [before, leaked, after] = [
    healing.readings.before,
    healing.readings.leaked,
    healing.readings.after,
  ].map(parseReadings)
  for (const name of inspected.keys()) {
    t.same(after?.processes(name), before?.processes(name), `${name}: every process as before`)
  }
  const extra =
    leaked?.processes('gateway').filter((one) => !before?.processes('gateway').includes(one)) ?? []
  t.equal(extra.length, 3 * copies, 'each copy is three processes')
  const signalled = new Set(run?.steps.flatMap(({ effects }) => effects.map(({ pid }) => pid)))
  t.same(
    [...signalled].sort(),
    extra.map((one) => Number(one.split(' ')[0])).sort(),
    'and only they were ended',
  )
  t.match(metrics, /^pidwarden_runs_total\{playbook="cleanup",outcome="fixed",reason="cleared"\} 1$/m)
  t.match(metrics, /^pidwarden_container_duplicates\{name="gateway",command="node mcp-server-memory"\} 0$/m)
}

function judgeLimiting(t: Test, { limiting: { readings, run } }: Results): void {
  const GiB = 1024 ** 3
  const facts = (text: string) => Object.fromEntries(parseReadings(text).facts('gateway'))
  t.match(facts(readings.before), { 'pids.max': '500', 'memory.max': 'max' })
  t.match(run, { ending: { outcome: 'fixed', reason: 'limits_set' } })
  const wanted = {
    'pids.max': '100',
    'memory.max': `${4 * GiB}`,
    'memory.swap.max': '0',
    'memory.low': `${GiB}`,
    'cpu.max': /^\d+00000 100000$/,
  }
  t.match(facts(readings.set), wanted)
  t.match(facts(readings.reloaded), wanted, 'also after a daemon-reload')
}
