import t from 'tap'
import { startLeaky } from '../support/leaky-container.ts'
import { labFor, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** What Prometheus and Alertmanager say of one alert. */
type Known = Readonly<Record<string, string>>

const lab = await labFor(t)
if (lab) {
  const stack = await startStack(t, lab, { config: 'policy: { preset: protocol }' })
  // It only watches: what changes in this test is the configuration, never the leak.
  const container = await startLeaky(lab, { labels: { 'pidwarden.mode': 'observe' } })
  t.teardown(() => container.remove())
  await container.gateway.leak({ server: '@modelcontextprotocol/server-memory', count: 8 })
  const processes = container.processes().size

  /** Labels of the alerts about its processes, as Alertmanager has them. */
  const known = async (): Promise<Known[]> => {
    const query = new URLSearchParams({ filter: `id="${container.id}"` })
    const response = await fetch(`${stack.alertmanagers[0]?.url}/api/v2/alerts?${query}`)
    const alerts = (await response.json()) as { labels: Known }[]
    return alerts.map(({ labels }) => labels).filter(({ resource }) => resource === 'processes')
  }
  const told = async (): Promise<string[]> =>
    (await known()).map(({ tier, playbook }) => `${tier}: ${playbook}`)
  /** Warnings go on for a while after they ceased, so it is the others that are looked at. */
  const changes = (what: string, expected: readonly string[]): Promise<true> =>
    until(`${what}: ${expected.join(', ')}`, async () => {
      const graver = (await told()).filter((one) => !one.startsWith('warning')).sort()
      return `${graver}` === `${expected}`
    })

  t.ok(processes >= 31 && processes < 46, `${processes} processes: one tier here, another there`)

  await t.test(
    'the alert and its playbook follow the configuration, and nothing else is touched',
    async (t) => {
      await changes('protocol', ['critical: cleanup'])

      stack.reload('policy: { preset: prevention }')
      await changes('prevention', ['critical: restart'])

      stack.reload('policy: { preset: fix }')
      await changes('fix', ['critical: cleanup', 'emergency: contain'])

      stack.reload(
        'policy: { preset: production, thresholds: { processes: { critical: { at: 12, playbook: recreate } } } }',
      )
      await changes('a playbook of its own', ['critical: recreate'])

      stack.reload('policy: { preset: production, thresholds: { processes: { critical: 1000 } } }')
      await changes('none is reached', [])
      t.equal(container.processes().size, processes, 'nothing was ended')
    },
  )

  await t.test('what the alerts called for is what pidwarden was asked for', async (t) => {
    const { incidents } = await stack.get<{ incidents: { tier: string; name: string }[] }>(
      `/api/incidents?name=${container.name}`,
    )
    t.match(incidents, [{ name: container.name }], 'one incident, although nothing may be done')
    t.match(
      await stack.metrics(),
      /pidwarden_alerts_received_total\{verdict="skipped",reason="not_enforced"\} [1-9]/,
    )
  })
}
