import t from 'tap'
import type { GettableAlert } from '../../src/host/alertmanager.ts'
import type { Incident, RunStory } from '../../src/journal/records.ts'
import { startLeaky } from '../support/leaky-container.ts'
import { labFor, startStack, token } from '../support/stack.ts'
import { until } from '../support/until.ts'

const leaking = '@modelcontextprotocol/server-memory'
const labels = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' }

const lab = await labFor(t)
if (lab) {
  const config = `
    remediation:
      { minimumAge: { critical: 0, emergency: 0 }, settle: 0.5, restartPause: 0, recovery: 15 }
    links: { dashboard: "http://grafana.test" }
  `
  const stack = await startStack(t, lab, { config })
  const incidentOf = async (name: string): Promise<(Incident & { runs: RunStory[] }) | undefined> => {
    const { incidents } = await stack.get<{ incidents: Incident[] }>(`/api/incidents?name=${name}`)
    return incidents[0] && stack.get(`/api/incidents/${incidents[0].id}`)
  }
  /** What Alertmanager says is firing of what pidwarden told it. */
  const told = async (name: string): Promise<(GettableAlert & { annotations: Record<string, string> })[]> => {
    const query = new URLSearchParams({ filter: 'alertname="PidwardenIncident"', active: 'true' })
    const response = await fetch(`${stack.alertmanagers[0]?.url}/api/v2/alerts?${query}`)
    const alerts = (await response.json()) as (GettableAlert & { annotations: Record<string, string> })[]
    return alerts.filter((alert) => alert.labels.name === name)
  }

  await t.test(
    'people are told when an incident opens, when it is acted on, and when it is over',
    async (t) => {
      const container = await startLeaky(lab, { labels })
      t.teardown(() => container.remove())
      const legitimate = container.processes()
      await container.gateway.leak({ server: leaking, count: 8 })
      const alerts = await until('Alertmanager knows that it was acted on', async () => {
        const all = await told(container.name)
        return all.some(({ labels }) => labels.acted === 'yes') && all
      })
      const { labels: own, annotations } = alerts.find(({ labels }) => labels.acted === 'yes')!
      t.match(own, { instance: /^127\.0\.0\.1:\d+$/, job: 'pidwarden', level: /^[12]$/, severity: 'warning' })
      t.match(annotations, {
        summary: /is at its critical tier for (duplicates|processes)/,
        processes: /^\d+ \(limit/,
        actions_taken: /cleanup: fixed \(cleared\).*signals sent/,
        restarted: 'no',
        dashboard_url: /^http:\/\/grafana\.test\/d\/pidwarden-container\?var-job=pidwarden/,
      })
      t.match(await stack.metrics(), `pidwarden_incident_active{name="${container.name}",tier="critical"} 1`)
      const over = await until('it has recovered', async () => {
        const incident = await incidentOf(container.name)
        return incident?.recoveredAt !== undefined && incident
      })
      t.match(over, { resolution: 'cleaned_up', tier: 'critical', peaks: { duplicates: 8 } })
      t.same(container.processes(), legitimate)
      await until('and Alertmanager knows', async () => (await told(container.name)).length === 0, 120_000)
      t.notMatch(await stack.metrics(), `pidwarden_incident_active{name="${container.name}"`)
    },
  )

  await t.test(
    'what comes back after a cleanup is restarted, although that tier is not reached',
    async (t) => {
      const container = await startLeaky(lab, { labels })
      t.teardown(() => container.remove())
      const legitimate = container.processes().size
      await container.gateway.respawn(true)
      await container.gateway.leak({ server: leaking, count: 8 })
      const incident = await until('the escalation is over', async () => {
        const found = await incidentOf(container.name)
        return found?.runs.some(({ playbook, state }) => playbook === 'restart' && state === 'done') && found
      })
      const restart = incident.runs.find(({ playbook }) => playbook === 'restart')
      const contain = incident.runs.find(({ id }) => id === restart?.escalates)
      const cleanup = incident.runs.find(({ id }) => id === contain?.escalates)
      t.match(contain, { playbook: 'contain', tier: 'emergency', ending: { outcome: 'ineffective' } })
      t.match(cleanup, { playbook: 'cleanup', ending: { outcome: 'ineffective', reason: 'respawned' } })
      t.match(restart, {
        playbook: 'restart',
        tier: 'nuclear',
        aim: 'critical',
        ending: { outcome: 'fixed', reason: 'cleared' },
      })
      t.equal(container.processes().size, legitimate)
      t.ok(incident.level >= 3, 'engineering ought to know')
    },
  )

  await t.test('where nothing may be done any more, a person is needed', async (t) => {
    // Started with --rm, it would be gone if it were stopped.
    const container = await startLeaky(lab, { labels, args: ['--rm'] })
    t.teardown(() => container.remove())
    await container.gateway.respawn(true)
    await container.gateway.leak({ server: leaking, count: 8 })
    const metric = `pidwarden_manual_intervention_required{name="${container.name}"}`
    await until('the metric says so', async () => (await stack.metrics()).includes(`${metric} 1`))
    const incident = await incidentOf(container.name)
    t.match(incident, { level: 5, manual: { reason: /--rm/ } })
    t.ok(container.processes().size > 0, 'it was not stopped')
    const alert = await until('Alertmanager knows', async () =>
      (await told(container.name)).find(({ labels }) => labels.level === '5'),
    )
    t.match(alert.annotations, { summary: /needs a person/, next_steps: /release/ })
    await until('and so does the rule', async () => {
      const response = await fetch(`${stack.prometheus?.url}/api/v1/alerts`)
      return (await response.text()).includes('PidwardenManualInterventionRequired')
    })
    const before = (await stack.ended(container.id)).filter(({ steps }) => steps.length > 1).length
    const response = await fetch(`${stack.url}/api/containers/${container.name}/release`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    t.equal(response.status, 200)
    await container.gateway.respawn(false)
    await until(
      'the standing alert is acted on again',
      async () => {
        const acted = (await stack.ended(container.id)).filter(({ steps }) => steps.length > 1)
        return acted.length > before && acted.at(-1)?.ending?.outcome === 'fixed'
      },
      150_000,
    )
  })
}
