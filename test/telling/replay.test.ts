import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startAlertmanager, startPrometheus } from '../support/daemons.ts'
import { startHook } from '../support/hook.ts'
import { type ScriptedContainer, startScriptedExporter, type Values } from '../support/scripted-exporter.ts'
import { labFor } from '../support/stack.ts'
import { until } from '../support/until.ts'

/**
 * The shipped rules and routes, in a real Prometheus and a real Alertmanager, while a leak grows as it really did. A
 * scrape every second instead of every five, and everything that waits waits a fifth as long.
 */
const faster = 5

/** Every duration of a rule file, a fifth as long. */
const compressed = (rules: string): string =>
  rules.replaceAll(
    /((?:^ +(?:for|keep_firing_for): )|\[|offset )(\d+)([smh])\b/gm,
    (_, before: string, count: string, unit: 's' | 'm' | 'h') =>
      `${before}${(Number(count) * { s: 1000, m: 60_000, h: 3_600_000 }[unit]) / faster}ms`,
  )

const GiB = 1024 ** 3
/** A stage of a leak: what is measured, and the alert that must then reach the webhook. */
type Stage = readonly [values: Values, arrives?: string]

/** What must come: tier and playbook. */
const stages: Readonly<Record<string, readonly Stage[]>> = {
  processes: [
    [{ counted_processes: 4 }],
    [{ counted_processes: 15 }],
    [{ counted_processes: 16 }, 'ProcessesWarning record'],
    [{ counted_processes: 23 }],
    [{ counted_processes: 31 }, 'ProcessesCritical cleanup'],
    [{ counted_processes: 46 }],
    [{ counted_processes: 51 }, 'ProcessesEmergency contain'],
    [{ counted_processes: 101 }, 'ProcessesNuclear restart'],
    ...[226, 346, 387, 406, 426, 536, 626].map((count): Stage => [{ counted_processes: count }]),
  ],
  memory: [
    [{ memory_working_set_bytes: 2 * GiB }],
    [{ memory_working_set_bytes: 3 * GiB }, 'MemoryWarning record'],
    [{ memory_working_set_bytes: 3.7 * GiB }, 'MemoryCritical relieve-memory'],
    [{ memory_working_set_bytes: 3.9 * GiB }, 'MemoryEmergency relieve-memory'],
    [{ memory_working_set_bytes: 10.72 * GiB }, 'MemoryNuclear restart'],
    [{ memory_working_set_bytes: 14.34 * GiB }],
  ],
  duplicates: [
    [{ duplicates: 0 }],
    [{ duplicates: 1 }, 'DuplicatesWarning record'],
    [{ duplicates: 5 }, 'DuplicatesCritical cleanup'],
    [{ duplicates: 20 }, 'DuplicatesEmergency contain'],
    [{ duplicates: 50 }, 'DuplicatesNuclear restart'],
  ],
  pids: [
    [{ pids: 13 }],
    [{ pids: 75 }, 'PidsWarning record'],
    [{ pids: 90 }, 'PidsCritical cleanup'],
    [{ pids: 95 }, 'PidsEmergency contain'],
    [{ pids: 100 }, 'PidsNuclear restart'],
  ],
}

const lab = await labFor(t)
t.jobs = 6
if (lab) {
  const folder = await mkdtemp(join(tmpdir(), 'pidwarden-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, 'a-token-for-tests-only')
  const exporter = await startScriptedExporter(t, 'protocol')
  const webhook = await startHook(t)
  const received = () => webhook.got('/webhooks/alertmanager').flatMap(({ alerts }) => alerts)
  const alertmanager = await startAlertmanager(lab, webhook.url, tokenFile)
  t.teardown(() => alertmanager.stop())
  const prometheus = await startPrometheus(lab, {
    pidwarden: exporter.address,
    alertmanagers: [alertmanager.url.replace('http://', '')],
    interval: '1s',
    rules: compressed,
  })
  t.teardown(() => prometheus.stop())

  /** Alerts about a container in the order in which they came, each the first time that it fired. */
  const arrived = ({ id }: ScriptedContainer): string[] => {
    const firing = received().filter(({ status, labels }) => status === 'firing' && labels.id === id)
    const told = firing.map(
      ({ labels }) => `${labels.alertname?.replace('Pidwarden', '')} ${labels.playbook}`,
    )
    return [...new Set(told)]
  }
  const evaluated = (container: ScriptedContainer, [metric = '', value]: [string, number]): Promise<true> =>
    until(`the rules have seen ${metric} ${value} of ${container.name}`, async () => {
      // A whole interval with this value: one evaluation at least has come after the first scrape of it.
      const query = `min_over_time(pidwarden_container_${metric}{name="${container.name}"}[2500ms])`
      const response = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query })}`)
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
      return Number(data.result[0]?.value[1]) === value
    })
  /** What Alertmanager has of a container: the tiers that are silenced, and those that are not. */
  const inAlertmanager = async ({
    id,
  }: ScriptedContainer): Promise<{ active: string[]; silenced: string[] }> => {
    const query = new URLSearchParams({ filter: `id="${id}"` })
    const response = await fetch(`${alertmanager.url}/api/v2/alerts?${query}`)
    const alerts = (await response.json()) as {
      labels: { tier: string; playbook?: string }
      status: { state: string }
    }[]
    const tiersOf = (state: string): string[] =>
      alerts.flatMap(({ labels, status }) =>
        labels.playbook !== undefined && status.state === state ? [labels.tier] : [],
      )
    return { active: tiersOf('active').sort(), silenced: tiersOf('suppressed').sort() }
  }

  for (const [resource, course] of Object.entries(stages)) {
    t.test(`${resource}: every tier arrives in turn, with its playbook`, { buffered: true }, async (t) => {
      const container = exporter.add(`leaking-${resource}`, {})
      const expected: string[] = []
      for (const [values, alert] of course) {
        container.values = values
        for (const measured of Object.entries(values)) await evaluated(container, measured)
        if (alert !== undefined) {
          expected.push(alert)
          await until(`${alert} arrives`, () => arrived(container).includes(alert))
        }
        t.same(arrived(container), expected, `at ${JSON.stringify(values)}`)
      }
      await until('the lower tiers are silenced', async () => {
        const { active, silenced } = await inAlertmanager(container)
        return `${active} | ${silenced}` === 'nuclear | critical,emergency,warning'
      })
    })
  }

  t.test('busy cores', { buffered: true }, async (t) => {
    const container = exporter.add('busy', { cpu_seconds_total: 0 })
    const begin = performance.now()
    const timer = setInterval(() => {
      container.values = { cpu_seconds_total: ((performance.now() - begin) / 1000) * availableParallelism() }
    }, 100)
    t.teardown(() => clearInterval(timer))
    await until('the CPU alert arrives', () => arrived(container).length > 0, 120_000)
    t.same(
      arrived(container),
      ['CpuCritical relieve-cpu'],
      'the lower tier waits longer, and is silenced by then',
    )
  })

  t.test('a jump over all tiers: the highest alone arrives', { buffered: true }, async (t) => {
    const container = exporter.add('jumping', { counted_processes: 4 })
    await evaluated(container, ['counted_processes', 4])
    container.values = { counted_processes: 626 }
    await until('it arrives', () => arrived(container).length > 0)
    await until(
      'the lower tiers are silenced',
      async () => (await inAlertmanager(container)).silenced.length === 3,
    )
    t.same(arrived(container), ['ProcessesNuclear restart'])
    container.values = { counted_processes: 46 }
    await until('what is left speaks again', () => arrived(container).length > 1)
    t.same(arrived(container), ['ProcessesNuclear restart', 'ProcessesCritical cleanup'])
    container.values = { counted_processes: 2 }
    await until('all are over', async () => {
      const { active, silenced } = await inAlertmanager(container)
      return active.length + silenced.length === 0
    })
    const over = () =>
      received()
        .filter(({ status, labels }) => status === 'resolved' && labels.id === container.id)
        .map(({ labels }) => labels.tier)
    await until('and pidwarden hears so', () => over().includes('nuclear') && over().includes('critical'))
  })
}
