import t, { type Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import type { RunStory } from '../../src/journal/records.ts'
import { startCluster } from '../support/alertmanager-cluster.ts'
import { type Daemon, startPrometheus } from '../support/daemons.ts'
import { family } from '../support/exposition.ts'
import { startLeaky } from '../support/leaky-container.ts'
import { labFor, type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

// A gateway with one server stands above this tier for good: a cleanup helps, and the alert goes on.
const config = `
policy:
  thresholds:
    processes: { warning: false, critical: 2, emergency: false, nuclear: false }
    duplicates: { warning: false, critical: false, emergency: false, nuclear: false }
remediation: { minimumAge: { critical: 1 }, cooldown: 0 }
`
const standing = 'PidwardenProcessesCritical'
const labels = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' }

const lab = await labFor(t)
if (lab) {
  await t.test('a cluster of Alertmanagers, and all that restarts under an alert that goes on', async (t) => {
    const stack = await startStack(t, lab, { config, alertmanagers: 0 })
    const cluster = await startCluster(t, lab, stack.url, 2)
    const [one, two] = cluster
    const targets = cluster.map(({ url }) => url.replace('http://', ''))
    const prometheus = await startWatch(t, lab, stack, targets)
    const container = await startLeaky(lab, { labels })
    t.teardown(() => container.remove())
    const legitimate = container.processes()
    await container.gateway.leak({ server: '@modelcontextprotocol/server-memory', count: 12 })

    const acted = async (): Promise<readonly RunStory[]> =>
      (await stack.ended(container.id)).filter(({ steps }) => steps.some(({ effects }) => effects.length > 0))
    await until('it has acted', async () => (await acted()).length > 0)
    const [first] = await acted()
    t.match(first, { alert: standing, ending: { outcome: 'improved', reason: 'still_above' } })
    t.same(container.processes(), legitimate)
    for (const member of cluster) {
      await until('both have the alert', async () => (await member.holds(container.id)).includes(standing))
    }
    await anotherDelivery(stack)
    t.equal((await acted()).length, 1, 'two that know of each other')

    await one?.stop()
    await anotherDelivery(stack)
    t.equal((await acted()).length, 1, 'one goes, and the other takes over')

    await prometheus.stop()
    const begun = Date.now()
    const successor = await startWatch(t, lab, stack, targets)
    await until('the alert has begun anew', async () => {
      const since = await activeSince(successor, container.id)
      return since !== undefined && since > begun
    })
    await anotherDelivery(stack)
    t.equal((await acted()).length, 1, 'Prometheus is restarted')

    await two?.stop()
    await two?.startAnew()
    const again = await until('the new beginning has arrived', async () => {
      const runs = await stack.ended(container.id)
      return runs.find(({ startsAt }) => Date.parse(startsAt) > begun)
    })
    t.match(again.ending, { outcome: 'skipped', reason: 'no_candidates' }, 'nothing is left to do')
    t.same(await acted(), [first], 'what was done is all that was done')
    t.same(container.processes(), legitimate)
  })
}

async function startWatch(
  t: Test,
  lab: Lab,
  { url }: Stack,
  alertmanagers: readonly string[],
): Promise<Daemon> {
  const pidwarden = url.replace('http://', '')
  const prometheus = await startPrometheus(lab, { pidwarden, alertmanagers, interval: '1s' })
  t.teardown(() => prometheus.stop())
  return prometheus
}

/** Waits until the alert was delivered once more: as one that is known, or to be measured again. */
async function anotherDelivery({ metrics }: Stack): Promise<void> {
  const taken = async (): Promise<number> => {
    const counts = family(await metrics(), 'alerts_received_total')
    return (counts['verdict="known",reason=""'] ?? 0) + (counts['verdict="queued",reason=""'] ?? 0)
  }
  const before = await taken()
  await until('it is delivered again', async () => (await taken()) > before)
}

/** Since when Prometheus says that the alert is firing, milliseconds since the epoch. */
async function activeSince({ url }: Daemon, containerId: string): Promise<number | undefined> {
  const { data } = (await (await fetch(`${url}/api/v1/alerts`)).json()) as {
    data: { alerts: { state: string; activeAt: string; labels: Record<string, string> }[] }
  }
  const found = data.alerts.find(
    ({ state, labels }) => state === 'firing' && labels.id === containerId && labels.alertname === standing,
  )
  return found && Date.parse(found.activeAt)
}
